package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/catalog"
	"rethinkdb/internal/cluster"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/extsort"
	"rethinkdb/internal/logfile"
	"rethinkdb/internal/metadata"
	"rethinkdb/internal/peer"
	"rethinkdb/internal/processors"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// A proxy is a server without a directory. What it has of the metadata, a mirror, is in memory, and it is another one at each start. It begins as
// an empty server that nobody can reach, and opens its ports when it has joined a cluster and knows who its users are.

// proxyCacheBytes is for a store that has the metadata only.
const proxyCacheBytes = 16 * megabyte

// RunProxy serves clients for a cluster until SIGINT or SIGTERM, and stops cleanly. ready is called once every port is open.
func RunProxy(c Config, log *logfile.Log, ready func() error) error {
	return run(func(fatal func(error)) (*node, error) { return startProxy(c, log, fatal) }, log, ready)
}

// startProxy starts everything but what serves clients, or nothing.
func startProxy(c Config, log *logfile.Log, fatal func(error)) (_ *node, err error) {
	logger := slog.New(log)
	ctx, cancel := context.WithCancel(context.Background())
	n := &node{config: c, log: logger, background: ctx, cancel: cancel, started: time.Now(), unavailable: make(chan error, 1)}
	defer n.closeAfter(&err)

	logfile.Notice(logger, "Running %s...", Version())
	logfile.Notice(logger, "Running on %s", Uname())
	if c.InitialPassword != "" || c.InventPassword {
		logfile.Notice(logger, "Ignoring --initial-password option because the users are those of the cluster.")
	}
	n.pace = tuneGC(proxyCacheBytes)
	processors.Spare()
	if n.data, err = openProxyData(ctx, n, fatal); err != nil {
		return nil, err
	}
	memory := proxyMemory(logger)
	temporary := extsort.NewDirectory(os.TempDir(), keepFreeBytes, temporaryCaches*memory)
	temporary.Encrypt() // it does not know whether the servers encrypt what is in their rows
	if err := n.build(log, parts{memory, temporary, forgetful{}}); err != nil {
		return nil, err
	}
	return n, nil
}

// proxyMemory is what queries are measured by, as by the cache of a server.
func proxyMemory(log *slog.Logger) int64 {
	available, err := availableBytes()
	if err != nil {
		log.Warn(err.Error())
	}
	return autoCacheBytes(available)
}

// forgetful keeps no key for the next run.
type forgetful struct{}

// Load implements peer.Keeper.
func (forgetful) Load() ([]byte, error) { return nil, fs.ErrNotExist }

// Save implements peer.Keeper.
func (forgetful) Save([]byte) error { return nil }

func (forgetful) String() string { return "memory" }

// openProxyData opens what a server keeps, in memory and empty.
func openProxyData(ctx context.Context, n *node, fatal func(error)) (_ *data, err error) {
	d := &data{}
	d.store, err = storage.Open("proxy", storage.Options{Mem: storage.NewMemFS(), CacheBytes: proxyCacheBytes, Logger: n.log, Fatal: fatal})
	if err != nil {
		return nil, fmt.Errorf("open the store of a proxy: %w", err)
	}
	defer d.closeAfter(&err)
	self := catalog.Server{ID: catalog.ServerID("proxy-" + catalog.NewUUID()), CacheBytes: catalog.AutoCache}
	if d.metadata, err = metadata.Open(ctx, d.store); err != nil {
		return nil, err
	}
	d.groups = &groups{}
	d.host = replication.NewHost(replication.HostOptions{Self: replication.ServerID(self.ID), Store: d.store, Transport: d.groups, Logger: n.log})
	if d.users, err = auth.OpenUsers(d.metadata); err != nil {
		return nil, err
	}
	d.metadata.Watch(userWatcher{d.users, n.log})
	if d.tokens, err = peer.OpenTokens(d.store, time.Now); err != nil { // none, and nobody can make any
		return nil, err
	}
	d.catalog, err = catalog.Open(ctx, catalog.Options{Store: d.store, Metadata: d.metadata, Host: d.host, Remote: farParts{d}.remote(), Log: n.log, NewServer: self,
		Compile: exec.CompileIndex, Cells: exec.IndexCells, Elsewhere: n.createTable})
	if err != nil {
		return nil, fmt.Errorf("open the catalog of a proxy: %w", err)
	}
	return d, nil
}

// attached is closed when clients may be served: at once, but by a proxy when it knows the metadata.
func (n *node) attached() <-chan struct{} {
	if n.config.Proxy {
		return n.clustering.complete
	}
	now := make(chan struct{})
	close(now)
	return now
}

// completeTime is how long a proxy that knows the metadata waits for its links with all servers. Some may be away.
const completeTime = 2 * time.Second

// awaitComplete lets a proxy serve clients, once it can do that well.
func (c *clustering) awaitComplete() {
	select {
	case <-c.node.data.metadata.Mirrored():
	case <-c.ctx.Done():
		return
	}
	late := time.After(completeTime)
	for waiting := true; waiting; {
		changed := c.node.data.catalog.Changed()
		s := c.node.data.catalog.Snapshot()
		if len(s.Servers()) == len(s.Members()) {
			break
		}
		select {
		case <-changed:
		case <-late:
			waiting = false
		case <-c.ctx.Done():
			return
		}
	}
	close(c.complete)
}

// joinTokens are those that operators make here. A proxy takes nobody in.
func (n *node) joinTokens() *peer.Tokens {
	if n.config.Proxy {
		return nil
	}
	return n.data.tokens
}

// What proxies ask of servers, and these answer.
const (
	streamMetadata = "metadata"                 // nothing is asked; answered with the messages of package peer, of metadata.Update
	callMirror     = "metadata change by proxy" // changeRequest, answered with changeAnswer
	callCreate     = "table create"             // createRequest, answered with createAnswer
)

// maxUpdateBytes bounds what a proxy is told of the metadata at once. A table has about a kilobyte.
const maxUpdateBytes = 256 << 20

// serveProxies has the mesh answer proxies.
func (c *clustering) serveProxies() {
	c.mesh.HandleStream(streamMetadata, func(ctx context.Context, s *cluster.Stream) error {
		s.EndWith(ctx)
		return c.node.data.metadata.Observe(ctx, func(u metadata.Update) error { return peer.Send(s, u) })
	})
	c.mesh.HandleCall(callMirror, cluster.Answer(func(ctx context.Context, _ cluster.ServerID, r changeRequest) (changeAnswer, error) {
		return answerChange(c.node.data.metadata.Decide(ctx, r.Base, r.Changes))
	}))
	c.mesh.HandleCall(callCreate, cluster.Answer(func(ctx context.Context, _ cluster.ServerID, r createRequest) (createAnswer, error) {
		refused, err := c.node.data.catalog.CreateRecorded(ctx, r.ID, r.Record)
		return createAnswer{refused}, err
	}))
}

// attach joins a cluster as a proxy, and then follows its metadata until the proxy stops.
func (c *clustering) attach() {
	logfile.Notice(c.node.log, "Attempting connection to %d peer%s...", len(c.node.config.Join), plural(len(c.node.config.Join)))
	w, err := c.mesh.Join(c.ctx, c.node.config.Join, c.node.config.JoinToken)
	if err != nil {
		return // the proxy stops
	}
	if err := c.node.data.metadata.Mirror(c.ctx, c.changeElsewhere); err != nil {
		c.node.log.Error("Could not join the cluster.", "error", err)
		return
	}
	c.welcome.Store(&w)
	c.mesh.SetMembers(w.Members)
	for c.ctx.Err() == nil {
		changed := c.mesh.Changed()
		for _, l := range c.mesh.Connected() {
			if err := c.mirror(l.ID); c.ctx.Err() == nil {
				c.node.log.Debug("The metadata has to come from another server.", "server", string(l.ID), "error", err)
			}
		}
		select {
		case <-changed:
		case <-time.After(time.Second): // between attempts
		case <-c.ctx.Done():
		}
	}
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// mirror follows the metadata of a server until that ends.
func (c *clustering) mirror(from cluster.ServerID) error {
	s, err := c.mesh.Open(from, streamMetadata)
	if err != nil {
		return err
	}
	defer s.Close()
	s.EndWith(c.ctx)
	for {
		var u metadata.Update
		if err := peer.Receive(s, maxUpdateBytes, &u); err != nil {
			return err
		}
		if err := c.node.data.metadata.Take(c.ctx, u); err != nil {
			return err
		}
	}
}

// changeElsewhere implements metadata.Forward on a proxy: any server knows where the change is to be made.
func (c *clustering) changeElsewhere(ctx context.Context, _ replication.ServerID, base metadata.Version, changes []metadata.Change) (metadata.Version, error) {
	links := c.mesh.Connected()
	if len(links) == 0 {
		return 0, replication.ErrNotPrimary
	}
	return askChange(ctx, c.mesh, links[0].ID, callMirror, changeRequest{base, changes})
}

// createRequest asks a server to create a table.
type createRequest struct {
	ID     catalog.TableID `json:"id"`
	Record []byte          `json:"record"`
}

type createAnswer struct {
	Refused string `json:"refused,omitempty"` // why, in words for the user
}

// createTable implements catalog.Elsewhere.
func (n *node) createTable(ctx context.Context, server catalog.ServerID, id catalog.TableID, record []byte) (refused string, err error) {
	a, err := cluster.Ask[createAnswer](ctx, n.clustering.mesh, cluster.ServerID(server), callCreate, createRequest{id, record})
	if errors.Is(err, cluster.ErrNotConnected) || errors.Is(err, cluster.ErrCrowded) {
		err = errors.Join(catalog.ErrUnreached, err)
	}
	return a.Refused, err
}
