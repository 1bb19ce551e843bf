package forward

import (
	"context"
	"io"
	"log/slog"
	"sync"

	"rethinkdb/internal/session"
)

// Options are what queries of other servers run on.
type Options struct {
	Engine   session.Engine
	Sessions *session.Manager
	Logger   *slog.Logger
}

// Serve answers the queries of one stream until it ends or ctx does. It does not close the stream.
func Serve(ctx context.Context, o Options, stream io.ReadWriteCloser) error {
	g, err := readGreeting(stream)
	if err != nil {
		return err
	}
	s := session.New(session.Options{Client: g.client(), Engine: o.Engine, Manager: o.Sessions, Logger: o.Logger, Parallel: session.DefaultParallel})
	defer s.Close()
	stop := context.AfterFunc(ctx, func() { _ = stream.Close() }) // which ends the read below
	defer stop()
	to := &answers{to: stream}
	var out []byte
	for {
		token, body, err := readFrame(stream, maxRequestBytes)
		if err != nil {
			return err
		}
		if out, err = s.Handle(token, body, out[:0], to, false); err != nil {
			return err
		}
		if len(out) > 0 {
			to.Respond(out)
		}
	}
}

// answers writes answers to a stream.
type answers struct {
	mu sync.Mutex // held while one is written
	to io.WriteCloser
}

// Respond implements session.Responder.
func (a *answers) Respond(frame []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, err := a.to.Write(frame); err != nil {
		_ = a.to.Close() // the reader of the stream ends it
	}
}
