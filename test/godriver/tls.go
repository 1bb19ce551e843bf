package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	r "gopkg.in/rethinkdb/rethinkdb-go.v6"
)

// visitor is how to connect over TLS; files are in PEM.
type visitor struct {
	Host, CA, Cert, Key string
	MinVersion          string
	MaxVersion          string
	Password            string
	Plain               bool
}

var versions = map[string]uint16{"TLSv1": tls.VersionTLS10, "TLSv1.1": tls.VersionTLS11, "TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13}

// visit connects over TLS as the JSON text says, asks once, and prints "in" or "out: " and why.
func visit(port, text string) error {
	var v visitor
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return err
	}
	if v.Host == "" {
		v.Host = "localhost"
	}
	options := r.ConnectOpts{Address: v.Host + ":" + port, Password: v.Password}
	if !v.Plain {
		config, err := v.config()
		if err != nil {
			return err
		}
		options.TLSConfig = config
	}
	if err := ask(options); err != nil {
		fmt.Println("out:", err)
		return nil
	}
	fmt.Println("in")
	return nil
}

func (v visitor) config() (*tls.Config, error) {
	config := &tls.Config{MinVersion: versions[v.MinVersion], MaxVersion: versions[v.MaxVersion]}
	if v.CA != "" {
		pem, err := os.ReadFile(v.CA)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(pem)
	}
	if v.Cert != "" {
		pair, err := tls.LoadX509KeyPair(v.Cert, v.Key)
		if err != nil {
			return nil, err
		}
		// Certificates would not be sent to a server that asks for one of another authority.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	return config, nil
}

func ask(options r.ConnectOpts) error {
	session, err := r.Connect(options)
	if err != nil {
		return err
	}
	var sum int
	if err := one(session, r.Expr(1).Add(1), &sum); err != nil {
		return errors.Join(err, session.Close())
	}
	return errors.Join(expect("1 + 1", sum, 2), session.Close())
}
