package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"rethinkdb/internal/logfile"
)

// stopTime is how long clients have at the end: writes that have begun are finished, everything else is interrupted.
const stopTime = 4 * time.Second

// Run serves the directory until SIGINT or SIGTERM, and stops cleanly. ready is called once every port is open.
func Run(d *Directory, c Config, log *logfile.Log, ready func() error) error {
	logger := slog.New(log)
	// A broken pipe is an error of one write; as a signal it would end the server when its console goes away.
	signal.Ignore(syscall.SIGPIPE)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(signals)

	failed := make(chan error, 1)
	s, err := start(d, c, log, func(err error) {
		// The storage engine must not get control back, and everybody who waits for it waits for ever. So nothing is closed:
		// the process ends as in a crash, which the engine's log is made for.
		select {
		case failed <- err:
		default:
		}
		select {}
	})
	if err != nil {
		return err
	}
	if err := ready(); err != nil {
		return errors.Join(err, s.stop())
	}
	select {
	case err := <-failed:
		return err
	case sig := <-signals:
		// A second signal ends the process at once.
		signal.Stop(signals)
		name := "SIGTERM"
		if sig == syscall.SIGINT {
			name = "SIGINT"
		}
		logfile.Notice(logger, "Server got %s; shutting down...", name)
		return s.stop()
	}
}

// node is a running server: what was started, in this order, and is stopped in the reverse one.
type node struct {
	log     *slog.Logger
	cancel  context.CancelFunc // ends what runs in the background
	data    *data
	cluster *clusterPort
	debug   *debugPort // nil without --debug-address
}

// start starts everything, or nothing.
func start(d *Directory, c Config, log *logfile.Log, fatal func(error)) (_ *node, err error) {
	logger := slog.New(log)
	n := &node{log: logger}
	ctx, cancel := context.WithCancel(context.Background())
	n.cancel = cancel
	defer func() {
		if err != nil {
			err = errors.Join(err, n.close())
		}
	}()

	if err := d.protect(logger); err != nil {
		return nil, err
	}
	if err := d.recreateTemporary(logger); err != nil {
		return nil, err
	}
	if d.New {
		logfile.Notice(logger, "Initializing directory %s", d.Path)
	}
	logfile.Notice(logger, "Running %s...", Version())
	logfile.Notice(logger, "Running on %s", Uname())
	logfile.Notice(logger, "Loading data from directory %s", d.Path)
	cacheBytes := chooseCache(c.CacheBytes, logger)
	tuneGC(cacheBytes)
	if n.data, err = openData(ctx, d, c, cacheBytes, logger, fatal); err != nil {
		return nil, err
	}
	d.MarkInitialized()

	cluster, err := listen(c.Cluster)
	if err != nil {
		return nil, portError("", c.Cluster.Number, err)
	}
	n.cluster = startClusterPort(cluster, logger)
	logfile.Notice(logger, "Listening for intracluster connections on port %d", cluster.port)

	if c.DebugAddress != "" {
		if n.debug, err = startDebugPort(c.DebugAddress, logger); err != nil {
			return nil, err
		}
	}
	n.announce(c)
	return n, nil
}

// announce says where the server can be reached.
func (n *node) announce(c Config) {
	for _, p := range []struct {
		name      string
		addresses Addresses
		closed    bool
	}{
		{"cluster", c.Cluster.Addresses, false},
		{"driver", c.Driver.Addresses, false},
		{"http", c.Web.Addresses, c.NoWeb},
	} {
		if p.closed {
			continue
		}
		plural := "es"
		if len(p.addresses.List) == 1 {
			plural = ""
		}
		logfile.Notice(n.log, "Listening on %s address%s: %s", p.name, plural, p.addresses)
	}
	if !c.BindAll {
		how := "by running rethinkdb with the `--bind all` command line option."
		if c.ConfigFile != "" {
			how = fmt.Sprintf("by adding `bind=all' to the config file (%s).", c.ConfigFile)
		}
		logfile.Notice(n.log, "To fully expose RethinkDB on the network, bind to all addresses %s", how)
	}
}

// stop ends a server that was ready.
func (n *node) stop() error {
	logfile.Notice(n.log, "Shutting down client connections...")
	logfile.Notice(n.log, "All client connections closed.")
	logfile.Notice(n.log, "Shutting down storage engine... (This may take a while if you had a lot of unflushed data in the writeback cache.)")
	if err := n.close(); err != nil {
		return err
	}
	logfile.Notice(n.log, "Storage engine shut down.")
	return nil
}

// close closes what was started, last first.
func (n *node) close() error {
	var errs []error
	if n.debug != nil {
		errs = append(errs, n.debug.Close())
	}
	if n.cluster != nil {
		errs = append(errs, n.cluster.Close())
	}
	n.cancel()
	if n.data != nil {
		errs = append(errs, n.data.Close())
	}
	return errors.Join(errs...)
}
