package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"time"
)

// debugPort serves Go's profiler. It shows memory of the process, and with it documents, so it is opened only when asked for,
// and only on loopback.
type debugPort struct {
	server *http.Server
	done   chan error // capacity 1: the outcome of Serve
}

func startDebugPort(address string, log *slog.Logger) (*debugPort, error) {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || !ap.Addr().IsLoopback() {
		return nil, fmt.Errorf("The profiler can only listen on a loopback address, such as 127.0.0.1:6060, but --debug-address says '%s'.", address)
	}
	socket, err := net.Listen("tcp", address)
	if err != nil {
		return nil, portError("profiler", int(ap.Port()), err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	p := &debugPort{server: &http.Server{Handler: mux, ReadHeaderTimeout: time.Second}, done: make(chan error, 1)}
	go func() { p.done <- p.server.Serve(socket) }() // Close ends it and waits
	log.Warn("The profiler is open: everybody on this machine can read the server's memory.", "address", socket.Addr().String())
	return p, nil
}

// Close ends profiles that are under way.
func (p *debugPort) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	err := p.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = p.server.Close()
	}
	if served := <-p.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
