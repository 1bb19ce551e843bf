package server

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/cluster"
	"rethinkdb/internal/forward"
	"rethinkdb/internal/logfile"
	"rethinkdb/internal/peer"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/session"
)

// What servers say to each other over the mesh.
const (
	classRaft      = cluster.Class(1)  // messages of replication.Host
	classLeads     = cluster.Class(2)  // of which groups the sender has the primary replica: see news.go
	classGuests    = cluster.Class(3)  // for which proxies the sender vouches: a JSON array of cluster.Guest
	classBeats     = cluster.Class(4)  // of replication.Host, of quiescent groups
	streamSnapshot = "snapshot"        // the header's length in four bytes, the header, then what replication.Host writes
	streamQuery    = "query"           // see package forward
	callChange     = "metadata change" // changeRequest, answered with changeAnswer
)

// maxVoters is how many servers vote on the metadata. The others have it as well.
const maxVoters = 7

// clustering is what a server has for other servers: the mesh, the replicas, and the queries that go to where tables are.
type clustering struct {
	// Set by newClustering or start, then constant.
	node *node
	mesh *cluster.Mesh
	pool *forward.Pool
	ctx  context.Context // ends with close
	stop context.CancelFunc
	wg   sync.WaitGroup

	complete chan struct{} // closed when a proxy may serve clients

	outcast atomic.Bool // the others have taken this server out of the cluster

	looking atomic.Bool                     // for a cluster to join
	welcome atomic.Pointer[cluster.Welcome] // of the cluster that this server has joined; nil if it did not do so since its start
}

// startClustering connects the server with the others, if there are any, and lets others join it.
func (n *node) startClustering(engine session.Engine) {
	c := &clustering{node: n, complete: make(chan struct{})}
	c.ctx, c.stop = context.WithCancel(context.Background())
	c.mesh = cluster.New(cluster.Options{
		Self:   c.record,
		Dialer: peer.Dialer{Options: n.peerOptions(), Certificates: n.clusterKey},
		Logger: n.log,
		Notice: func(format string, args ...any) { logfile.Notice(n.log, format, args...) },
		HeartbeatTimeout: func() time.Duration {
			return n.data.catalog.Snapshot().Cluster().HeartbeatTimeout
		},
		ReconnectTimeout: n.config.ReconnectTimeout,
		Met:              c.met,
		Expelled:         c.expelled,
		Admit:            c.admission(),
		Tokens:           n.data.tokens,
	})
	c.mesh.HandleMessages(classRaft, func(from cluster.ServerID, m []byte) { n.data.host.Receive(replication.ServerID(from), m) })
	c.mesh.HandleMessages(classBeats, func(from cluster.ServerID, m []byte) { n.data.host.ReceiveBeats(replication.ServerID(from), m) })
	c.mesh.HandleMessages(classLeads, c.hearLeads)
	c.mesh.HandleMessages(classGuests, c.hearGuests)
	c.mesh.HandleStream(streamSnapshot, c.receiveSnapshot)
	c.mesh.HandleStream(streamQuery, func(ctx context.Context, s *cluster.Stream) error {
		err := forward.Serve(ctx, forward.Options{Engine: engine, Sessions: n.sessions, Logger: n.log}, s)
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	})
	farParts{n.data}.handle(c.mesh)
	c.mesh.HandleCall(callChange, cluster.Answer(c.decide))
	c.mesh.HandleCall(callKeeper, cluster.Answer(c.answerKeeper))
	c.mesh.HandleCall(callRecover, cluster.Answer(c.answerRecover))
	c.mesh.HandleCall(callSystem, func(ctx context.Context, _ cluster.ServerID, request []byte) ([]byte, error) {
		return n.system.Answer(ctx, request)
	})
	c.serveProxies()
	c.mesh.OnLost(func(id cluster.ServerID) { n.data.host.PeerLost(replication.ServerID(id)) })
	c.pool = forward.NewPool(func(_ context.Context, server string) (io.ReadWriteCloser, error) {
		if server == string(n.data.catalog.Snapshot().Server().ID) {
			return c.loop(engine), nil
		}
		return c.mesh.Open(cluster.ServerID(server), streamQuery)
	})
	n.clustering = c
	n.data.groups.mesh.Store(c.mesh)
	c.wg.Go(c.follow)
	switch {
	case n.config.Proxy:
		c.wg.Go(c.attach)
		c.wg.Go(c.awaitComplete)
	case len(n.config.Join) > 0 && n.data.metadata.Raft() == nil:
		c.looking.Store(true)
		c.wg.Go(c.join)
	}
}

// loop is a stream to this server itself, for a query whose table has come here since it was compiled.
func (c *clustering) loop(engine session.Engine) io.ReadWriteCloser {
	near, far := net.Pipe()
	c.wg.Go(func() {
		_ = forward.Serve(c.ctx, forward.Options{Engine: engine, Sessions: c.node.sessions, Logger: c.node.log}, far) // its end is the client's
		_ = far.Close()
	})
	return near
}

// close leaves the mesh.
func (c *clustering) close() {
	c.stop()
	c.pool.Close()
	c.mesh.Close()
	c.wg.Wait()
}

// record is what this server says of itself.
func (c *clustering) record() cluster.Record {
	s := c.node.data.catalog.Snapshot()
	self := s.Server()
	certificate, _ := c.node.clusterKey.Newest()
	id := cluster.ID(s.ClusterID())
	if w := c.welcome.Load(); w != nil {
		id = w.Cluster // whose metadata may be on its way
	}
	return cluster.Record{
		Member: cluster.Member{ID: cluster.ServerID(self.ID), Name: self.Name, Addresses: c.node.addresses(), Fingerprint: peer.FingerprintOf(certificate.Leaf),
			Proxy: c.node.config.Proxy},
		Tags: self.Tags, Program: Version(), Level: int(catalog.KnownLevel()), Cluster: id,
		Settled: !c.node.config.Proxy && (len(s.Tables()) > 0 || len(s.Members()) > 1 || c.node.data.metadata.Raft() != nil),
	}
}

// addresses are where other servers find this one: what --canonical-address says, or what the intracluster port is bound to.
func (n *node) addresses() []string {
	port := strconv.Itoa(n.clusterPort.port)
	var list []string
	for _, a := range n.config.CanonicalAddresses {
		if _, _, err := net.SplitHostPort(a); err != nil {
			a = net.JoinHostPort(a, port)
		}
		list = append(list, a)
	}
	if len(list) > 0 {
		return list
	}
	for _, a := range n.config.Cluster.Addresses.List {
		list = append(list, net.JoinHostPort(a.String(), port))
	}
	return list
}

// follow keeps what the mesh, the catalog and the metadata know of each other up to date, until the server stops.
func (c *clustering) follow() {
	data := c.node.data
	told := newsTold{}
	for {
		catalogChanged, meshChanged := data.catalog.Changed(), c.mesh.Changed()
		s := data.catalog.Snapshot()
		c.mesh.SetMembers(c.members(s))
		c.mesh.SetRemoved(removed(s))
		var connected []catalog.ServerID
		for _, l := range c.mesh.Connected() {
			connected = append(connected, catalog.ServerID(l.ID))
		}
		data.catalog.SetConnected(connected)
		c.tellNews(told)
		c.keepMetadata(s)
		c.keepLevel()
		select {
		case <-catalogChanged:
		case <-meshChanged:
		case <-time.After(time.Second): // the metadata may have found another primary replica
		case <-c.ctx.Done():
			return
		}
	}
}

// members are the servers to connect with. As long as the metadata of a cluster that was joined has not come, they are those that the welcome has named.
func (c *clustering) members(s *catalog.Snapshot) []cluster.Member {
	if w := c.welcome.Load(); w != nil && string(w.Cluster) != s.ClusterID() {
		return w.Members
	}
	var list []cluster.Member
	for _, server := range s.Members() {
		m, err := memberOf(server)
		if err != nil {
			c.node.log.Error("The record of a server cannot be used.", "server", string(server.ID), "error", err)
			continue
		}
		list = append(list, m)
	}
	return list
}

func removed(s *catalog.Snapshot) []cluster.ServerID {
	var ids []cluster.ServerID
	for _, id := range s.Removed() {
		ids = append(ids, cluster.ServerID(id))
	}
	return ids
}

// expelled is told by another server that this one is no member any more.
func (c *clustering) expelled() {
	if c.outcast.CompareAndSwap(false, true) {
		c.node.log.Error(removedText)
	}
}

// outcast tells whether others have said that this server is no member of the cluster any more.
func (n *node) outcast() bool { return n.clustering != nil && n.clustering.outcast.Load() }

const removedText = "This server has been removed from its cluster. What it has is not what the cluster has, and nobody will bring it up to date: stop it. To have it join again, start it with an empty data directory and --join."

func memberOf(s catalog.Server) (m cluster.Member, err error) {
	m = cluster.Member{ID: cluster.ServerID(s.ID), Name: s.Name, Addresses: s.Addresses}
	if s.Fingerprint != "" {
		m.Fingerprint, err = peer.ParseFingerprint(s.Fingerprint)
	}
	return m, err
}

// keepMetadata makes all members replicas of the metadata, if the primary one is here. Those that vote stay those that vote.
func (c *clustering) keepMetadata(s *catalog.Snapshot) {
	raft := c.node.data.metadata.Raft()
	if raft == nil {
		return
	}
	status := raft.Status()
	if status.Role != replication.Leader {
		return
	}
	var want []replication.Member
	voters := 0
	rank := func(server catalog.Server) int {
		switch {
		case slices.ContainsFunc(status.Members, func(m replication.MemberStatus) bool { return m.Server == replication.ServerID(server.ID) && m.Voter }):
			return 0
		case s.Connected(server.ID):
			return 1
		}
		return 2
	}
	servers := s.Members()
	slices.SortStableFunc(servers, func(a, b catalog.Server) int { // those that vote first
		return rank(a) - rank(b)
	})
	for _, server := range servers {
		voters++ // who is not there could not begin to vote, and would hold up the others
		want = append(want, replication.Member{Server: replication.ServerID(server.ID), Voter: voters <= maxVoters && rank(server) < 2})
	}
	ctx, cancel := context.WithTimeout(c.ctx, time.Second)
	defer cancel()
	if err := raft.SetMembers(ctx, want); err != nil && ctx.Err() == nil && !errors.Is(err, replication.ErrNotPrimary) {
		c.node.log.Warn("The replicas of the metadata could not be changed. This is tried again.", "error", err)
	}
}

// keepLevel writes down, where the metadata is decided on, which features all servers have.
func (c *clustering) keepLevel() {
	raft := c.node.data.metadata.Raft()
	if c.node.config.Proxy || raft != nil && raft.Status().Role != replication.Leader {
		return
	}
	ctx, cancel := context.WithTimeout(c.ctx, time.Second)
	defer cancel()
	err := c.introduce(ctx)
	var raised catalog.Level
	if err == nil {
		raised, err = c.node.data.catalog.RaiseLevel(ctx)
	}
	switch {
	case err != nil && ctx.Err() == nil:
		c.node.log.Debug("The level of the cluster could not be looked after.", "error", err)
	case raised > 0 && len(c.node.data.catalog.Snapshot().Members()) > 1:
		logfile.Notice(c.node.log, "All servers know the features of level %d now: they are in use from now on.", raised)
	}
}

// admission is who decides about those that want to join; nil for nobody.
func (c *clustering) admission() func(context.Context, cluster.Candidate) (cluster.Welcome, *peer.Refusal) {
	if c.node.config.Proxy {
		return nil
	}
	return c.admit
}

// admitProxy tells a proxy what it needs to know of the cluster.
func (c *clustering) admitProxy(ctx context.Context, candidate cluster.Candidate) (cluster.Welcome, error) {
	if level := c.node.data.catalog.Snapshot().Level(); level > catalog.Level(candidate.Level) {
		return cluster.Welcome{}, &catalog.TooOldError{Level: level, Known: catalog.Level(candidate.Level)}
	}
	if c.looking.Load() {
		return cluster.Welcome{}, errors.New("This server is itself looking for a cluster.")
	}
	if err := c.introduce(ctx); err != nil {
		return cluster.Welcome{}, err
	}
	s := c.node.data.catalog.Snapshot()
	return cluster.Welcome{Cluster: cluster.ID(s.ClusterID()), Members: c.members(s)}, nil
}

// admit makes a server a member of the cluster.
func (c *clustering) admit(ctx context.Context, candidate cluster.Candidate) (cluster.Welcome, *peer.Refusal) {
	data := c.node.data
	refuse := func(err error) (cluster.Welcome, *peer.Refusal) {
		c.node.log.Warn("A server could not be made a member of the cluster.", "server", candidate.Name, "error", err)
		kind := peer.Unavailable
		if _, taken := errors.AsType[*catalog.NameTakenError](err); taken {
			kind = peer.NameTaken
		}
		if _, removed := errors.AsType[*catalog.RemovedError](err); removed {
			kind = peer.Removed
		}
		if _, old := errors.AsType[*catalog.TooOldError](err); old {
			kind = peer.BadVersion
		}
		return cluster.Welcome{}, &peer.Refusal{Kind: kind, Text: err.Error()}
	}
	if w := c.welcome.Load(); w != nil && string(w.Cluster) != data.catalog.Snapshot().ClusterID() {
		return refuse(errors.New("This server has just joined a cluster itself, and waits for its metadata."))
	}
	if candidate.Proxy {
		w, err := c.admitProxy(ctx, candidate)
		if err != nil {
			return refuse(err)
		}
		c.takeIn(candidate)
		return w, nil
	}
	if err := data.metadata.Share(ctx, data.host, data.groups.forward); err != nil {
		return refuse(err)
	}
	if err := c.introduce(ctx); err != nil {
		return refuse(err)
	}
	err := data.catalog.AddMember(ctx, catalog.Server{
		ID: catalog.ServerID(candidate.ID), Name: candidate.Name, Tags: candidate.Tags, CacheBytes: catalog.AutoCache, Presence: presence(candidate.Record),
	})
	if err != nil {
		return refuse(err)
	}
	s := data.catalog.Snapshot()
	logfile.Notice(c.node.log, "Server %q %s has joined the cluster.", candidate.Name, candidate.ID)
	return cluster.Welcome{Cluster: cluster.ID(s.ClusterID()), Members: c.members(s)}, nil
}

// introduce writes down what this server says of itself, if that has changed.
func (c *clustering) introduce(ctx context.Context) error {
	return c.node.data.catalog.Heard(ctx, c.node.data.catalog.Snapshot().Server().ID, presence(c.record()))
}

// presence is what a server says of itself, for the catalog.
func presence(r cluster.Record) catalog.Presence {
	return catalog.Presence{Addresses: r.Addresses, Fingerprint: r.Fingerprint.String(), Program: r.Program, Level: catalog.Level(r.Level)}
}

// met takes note of what a member says of itself.
func (c *clustering) met(ctx context.Context, r cluster.Record) {
	if len(r.Addresses) == 0 {
		return
	}
	err := c.node.data.catalog.Heard(ctx, catalog.ServerID(r.ID), presence(r))
	if err != nil && ctx.Err() == nil {
		c.node.log.Warn("What a server says of itself could not be written down.", "server", r.Name, "error", err)
	}
}

// join asks the servers that --join names to take this one in, until one does.
func (c *clustering) join() {
	w, err := c.mesh.Join(c.ctx, c.node.config.Join, c.node.config.JoinToken)
	if err != nil {
		c.looking.Store(false)
		return // the server stops, or others have joined it
	}
	data := c.node.data
	if err := data.metadata.Follow(c.ctx, data.host, data.groups.forward); err != nil {
		c.node.log.Error("Could not join the cluster.", "error", err)
		return
	}
	c.welcome.Store(&w)
	c.mesh.SetMembers(w.Members)
	for data.catalog.Snapshot().ClusterID() != string(w.Cluster) {
		select {
		case <-data.catalog.Changed():
		case <-time.After(time.Second):
		case <-c.ctx.Done():
			return
		}
	}
	c.looking.Store(false)
	logfile.Notice(c.node.log, "Joined the cluster %s of %d servers.", w.Cluster, len(w.Members))
}
