package server

import (
	"context"
	"errors"
	"log/slog"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/selfcheck"
)

// Inspect judges how well a server would be closed that is started with c on a directory. That must not be in use.
func Inspect(path string, c Config) (r selfcheck.Report, err error) {
	d, err := AcquireDirectory(path, false)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	log := slog.New(slog.DiscardHandler) // whoever starts the server will be told
	password := c.InitialPassword != "" || c.InventPassword
	c.InitialPassword, c.InventPassword, c.TestDB = "", false, false
	c.Keys = c.Keys.asTheyAre(d)
	data, err := openData(context.Background(), d, c, minAutoCacheBytes, log, fatalExit(log))
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	f := c.facts(d.Path, data)
	for i := range f.Users {
		if u := &f.Users[i]; u.Name == auth.Admin && !u.Password && password {
			u.Password, u.Iterations = true, 0
		}
	}
	return selfcheck.Check(f), nil
}
