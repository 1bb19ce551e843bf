//go:build hostile

package hostile

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

func attackClusterPort(t *testing.T, s *target) {
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(s.ClusterPort))
	for _, c := range []struct{ name, send string }{
		{"nothing", ""},
		{"random bytes", randomBytes(1000, 8)},
		{"the greeting of a RethinkDB server", "RethinkDB cluster\n2.4.4\nrelease\n64bit\n"},
		{"a browser", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"},
		{"a megabyte", strings.Repeat("x", 1<<20)},
		{"the first byte of TLS", "\x16"},
		{"the largest record of TLS", "\x16\x03\x01\xff\xff" + randomBytes(1<<16, 9)},
		{"a hello of TLS that is none", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + randomBytes(501, 10)},
		{"an alert of TLS", "\x15\x03\x01\x00\x02\x02\x28"},
	} {
		s.attack(t, c.name, func(t *testing.T) {
			conn := dial(t, addr)
			conn.send(c.send)
			conn.rest() // a refusal, or what is left of it when unread bytes made the close a reset
		})
	}
	mine := certificate(t)
	for _, c := range []struct{ name, protocol, send string }{
		{"the command line with random bytes", "rethinkdb-admin", randomBytes(5000, 11)},
		{"the command line in silence", "rethinkdb-admin", ""},
		{"a server with random bytes", "rethinkdb-peer", randomBytes(5000, 12)},
		{"a server with a message of 4 GB", "rethinkdb-peer", "\xff\xff\xff\xff{"},
		{"a server with half a message", "rethinkdb-peer", "\x00\x10\x00\x00{"},
		{"a server with deep JSON", "rethinkdb-peer", "\x00\x40\x00\x00" + strings.Repeat("[", 1<<14)},
		{"a server with a megabyte", "rethinkdb-peer", "\x02\x00\x00\x00{}" + strings.Repeat("x", 1<<20)},
		{"a server of no name", "rethinkdb-peer", peerMessage(`{"min_version":1,"max_version":1,"methods":[]}`) + peerMessage(`{"server":{"name":"\u0000"}}`)},
		{"nobody known", "", "hello"},
	} {
		s.attack(t, c.name+" after TLS", func(t *testing.T) {
			conn := dialTLS(t, addr, c.protocol, mine)
			// It may be refused, and the connection closed, in the middle of it.
			_, _ = conn.Write([]byte(c.send))
			buf := make([]byte, 4096)
			for {
				if _, err := conn.Read(buf); err != nil {
					return
				}
			}
		})
	}
	s.attack(t, "1,000 connections", func(t *testing.T) {
		var conns []*client
		for range 1000 {
			conns = append(conns, dial(t, addr))
		}
		for _, conn := range conns {
			conn.rest()
		}
	})
	s.attack(t, "150 connections that stop in the middle of TLS", func(t *testing.T) {
		var conns []*client
		for range 150 {
			conn := dial(t, addr)
			conn.send("\x16\x03\x01\x02\x00\x01")
			conns = append(conns, conn)
		}
		for _, conn := range conns {
			conn.rest()
		}
	})
}

// peerMessage is a message between servers.
func peerMessage(text string) string {
	return string([]byte{byte(len(text)), byte(len(text) >> 8), 0, 0}) + text
}

func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// dialTLS is a connection of somebody who says what it is.
func dialTLS(t *testing.T, addr, protocol string, mine tls.Certificate) *tls.Conn {
	t.Helper()
	config := &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{mine}}
	if protocol != "" {
		config.NextProtos = []string{protocol}
	}
	conn, err := tls.Dial("tcp", addr, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}
