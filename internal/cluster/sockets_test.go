package cluster

import (
	"errors"
	"net"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// listen opens a real port for a server, and has it connect to real ones.
func (s *server) listen() {
	s.t.Helper()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	s.record.Addresses = []string{socket.Addr().String()}
	s.mesh.o.Dialer.Network = nil
	s.network.accepting.Go(func() {
		for {
			raw, err := socket.Accept()
			if err != nil {
				return
			}
			s.network.accepting.Go(func() { s.accept(raw) })
		}
	})
	s.t.Cleanup(func() { socket.Close() })
}

// The mesh over sockets of this machine.
func TestSockets(t *testing.T) {
	n := newNetwork(t)
	servers := []*server{newServer(t, n, "a"), newServer(t, n, "b"), newServer(t, n, "c")}
	for _, s := range servers {
		s.mesh.HandleCall("echo", echo)
		s.listen()
	}
	join(t, servers...)
	for _, s := range servers {
		for _, other := range servers {
			if s == other {
				continue
			}
			want := string(s.record.ID) + " hello"
			if text, err := s.mesh.Call(t.Context(), other.record.ID, "echo", []byte("hello")); err != nil || string(text) != want {
				t.Errorf("%q, %v", text, err)
			}
		}
	}
	for _, s := range servers {
		s.mesh.mu.RLock()
		for id, l := range s.mesh.links {
			if n, err := unsentBound(l.control.conn); n != maxUnsentBytes || err != nil {
				t.Errorf("%s keeps up to %d bytes for %s, %v", s.record.ID, n, id, err)
			}
		}
		s.mesh.mu.RUnlock()
	}
	servers[2].mesh.Close()
	servers[0].await(1)
	servers[1].await(1)
	if list := servers[0].mesh.Connected(); !slices.Equal(servers[0].lostPeers(), []ServerID{"id-c"}) || list[0].Name != "b" {
		t.Errorf("lost %v, connected to %v", servers[0].lostPeers(), list)
	}
}

func unsentBound(conn net.Conn) (bytes int, err error) {
	socket := socketOf(conn)
	if socket == nil {
		return 0, errors.ErrUnsupported
	}
	failed := socket.Control(func(fd uintptr) { bytes, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT) })
	return bytes, errors.Join(failed, err)
}
