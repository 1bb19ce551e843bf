package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"rethinkdb/internal/access"
	"rethinkdb/internal/audit"
	"rethinkdb/internal/auth"
	"rethinkdb/internal/certificate"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/expiry"
	"rethinkdb/internal/extsort"
	"rethinkdb/internal/httpfetch"
	"rethinkdb/internal/js"
	"rethinkdb/internal/logfile"
	"rethinkdb/internal/login"
	"rethinkdb/internal/peer"
	"rethinkdb/internal/processors"
	"rethinkdb/internal/session"
	"rethinkdb/internal/system"
	"rethinkdb/internal/web"
	"rethinkdb/internal/wire"
)

// stopTime is how long clients have at the end: writes that have begun are finished, everything else is interrupted.
const stopTime = 4 * time.Second

// Run serves the directory until SIGINT or SIGTERM, and stops cleanly; with SIGHUP it looks for new certificates. ready is called once every port is open.
func Run(d *Directory, c Config, log *logfile.Log, ready func() error) error {
	return run(func(fatal func(error)) (*node, error) { return start(d, c, log, fatal) }, log, ready)
}

func run(start func(fatal func(error)) (*node, error), log *logfile.Log, ready func() error) error {
	logger := slog.New(log)
	// A broken pipe is an error of one write; as a signal it would end the server when its console goes away.
	signal.Ignore(syscall.SIGPIPE)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)

	failed := make(chan error, 1)
	s, err := start(func(err error) {
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
	serving := s.attached()
	for {
		select {
		case <-serving: // at once, but for a proxy
			serving = nil
			err := s.serveClients()
			if err == nil {
				err = ready()
			}
			if err != nil {
				return errors.Join(err, s.stop())
			}
		case err := <-failed:
			return err
		case err := <-s.unavailable:
			return errors.Join(err, s.close())
		case sig := <-signals:
			if sig == syscall.SIGHUP {
				s.refreshCertificates()
				continue
			}
			return s.stopBy(sig, signals, logger)
		}
	}
}

// stopBy stops the server because of a signal. A second one ends the process at once.
func (n *node) stopBy(sig os.Signal, signals chan os.Signal, logger *slog.Logger) error {
	signal.Stop(signals)
	name := "SIGTERM"
	if sig == syscall.SIGINT {
		name = "SIGINT"
	}
	logfile.Notice(logger, "Server got %s; shutting down...", name)
	n.audit.Record(audit.Event{Kind: audit.Stopped, Reason: name})
	return n.stop()
}

// node is a running server: what was started, in this order, and is stopped in the reverse one.
type node struct {
	// Set by start, then constant.
	config     Config
	directory  string // of the data, absolute
	log        *slog.Logger
	background context.Context // of what runs in the background
	cancel     context.CancelFunc
	started    time.Time

	data        *data
	engine      *exec.Engine
	audit       *audit.Log
	gate        *access.Gate
	driverTLS   *certificate.Source // nil without TLS
	webTLS      *certificate.Source // nil without TLS
	clusterTLS  *certificate.Source // nil if the server uses a key of its own
	clusterKey  peer.Certificates   // that or the other one
	secret      *peer.Secret        // nil without --cluster-secret-file
	clusterPort *listeners
	driverPort  *listeners
	webPort     *listeners // nil with --no-http-admin
	system      *system.System
	expirer     *expiry.Expirer
	sessions    *session.Manager
	logIns      *login.Sessions
	scripts     *js.Pool
	driver      *wire.Server
	web         *web.Server // nil with --no-http-admin
	cluster     *clusterPort
	clustering  *clustering
	debug       *debugPort     // nil without --debug-address
	serving     sync.WaitGroup // one goroutine for each socket of the driver port and the web port
	unavailable chan error     // capacity 1: why a port ended by itself

	pace     *gcPace // of the garbage collector
	swap     swapWatch
	watching sync.WaitGroup // one goroutine, which uses swap; cancel ends it

	busy atomic.Bool // some queries did not end in time, and may still use the store
}

// start starts everything but what serves clients, or nothing.
func start(d *Directory, c Config, log *logfile.Log, fatal func(error)) (_ *node, err error) {
	logger := slog.New(log)
	ctx, cancel := context.WithCancel(context.Background())
	n := &node{config: c, directory: d.Path, log: logger, background: ctx, cancel: cancel, started: time.Now(), unavailable: make(chan error, 1)}
	defer n.closeAfter(&err)

	if err := c.Keys.check(d); err != nil {
		return nil, err
	}
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
	n.pace = tuneGC(cacheBytes)
	processors.Spare()
	if n.data, err = openData(ctx, d, c, cacheBytes, logger, fatal); err != nil {
		return nil, err
	}
	d.MarkInitialized()
	temporary := extsort.NewDirectory(d.temporary(), keepFreeBytes, temporaryCaches*cacheBytes)
	if c.Keys.Key != nil {
		temporary.Encrypt()
	}
	keeper := clusterIdentity{n.data.store, peer.File(filepath.Join(d.Path, peer.IdentityFile))}
	if err := n.build(log, parts{cacheBytes, temporary, keeper}); err != nil {
		return nil, err
	}
	return n, nil
}

// closeAfter closes what was started before an error.
func (n *node) closeAfter(err *error) {
	if *err != nil {
		*err = errors.Join(*err, n.close())
	}
}

// parts are what servers with a directory and proxies have of different kinds.
type parts struct {
	cacheBytes int64
	temporary  *extsort.Directory
	identity   peer.Keeper
}

// build starts what is not in the store, and opens the ports. Clients are not served yet.
func (n *node) build(log *logfile.Log, p parts) (err error) {
	c, logger := n.config, n.log
	if err := n.openAudit(); err != nil {
		return err
	}
	n.gate = n.openGate()
	if err := n.openCertificates(); err != nil {
		return err
	}
	if err := n.openClusterKey(p.identity); err != nil {
		return err
	}
	if err := n.listen(); err != nil {
		return err
	}
	n.sessions = session.NewManager()
	n.sessions.LimitUsers(c.ConnectionsPerUser)
	n.data.users.OnChange(func() { n.sessions.Recheck(auth.Admin) })
	n.logIns = login.New(login.Options{Idle: c.WebSessionTimeout, Credential: n.data.users.Credential})
	n.data.users.OnChange(n.logIns.Recheck)
	var slow *exec.SlowQueries
	if c.SlowQuery > 0 {
		slow = new(exec.SlowQueries)
	}
	n.system = system.Start(system.Options{
		Catalog:  n.data.catalog,
		Store:    n.data.store,
		Users:    n.data.users,
		Tokens:   n.joinTokens(),
		Peers:    neighbours{n.data.groups},
		Keepers:  n.keepers(),
		Process:  n.process,
		Log:      log,
		Audit:    n.audit,
		Logger:   logger,
		Sessions: n.sessions,
		LogIns:   n.logIns,
		SetCache: n.setCache,
		Issues:   n.issues,
		Security: n.security,
		Usage:    n.usage,
		Outcast:  n.outcast,

		SlowQueries: slow,

		Proxy: c.Proxy,

		Scripts: c.Scripts, Allow: c.Access.Allow, AccessChanged: n.gate.Enforce,
	})
	n.expirer = expiry.Start(expiry.Options{Catalog: n.data.catalog, Logger: logger})
	engine := exec.New(n.system, logger)
	n.engine = engine
	n.watchSwap()
	engine.LimitMemory(queryLimit(p.cacheBytes))
	engine.LimitQueryMemory(queryMemory(c.QueryMemoryBytes, p.cacheBytes), p.temporary)
	engine.LimitTime(c.QueryTimeout)
	engine.LogSlow(c.SlowQuery)
	engine.KeepSlow(slow)
	// Whatever has become of its file, /proc/self/exe is this program.
	n.scripts = js.NewPool([]string{"/proc/self/exe", js.WorkerArgument}, logger)
	engine.UseScripts(n.scripts)
	engine.UseHTTP(httpfetch.New(httpfetch.Options{Allow: c.HTTPAllow, UserAgent: "RethinkDB/" + ProtocolVersion, Logger: logger}))
	n.driver = wire.NewServer(wire.Options{
		Engine: engine, Sessions: n.sessions, Users: n.data.users, Logger: logger, Version: ProtocolVersion, Gate: n.gate, Audit: n.audit,
		NoOldHandshakes: c.NoOldHandshakes,
		TLS:             tlsConfig(n.driverTLS),
	})
	n.gate.Attach(n.driver.Enforce)
	n.startClustering(engine)
	engine.UseRouter(n.clustering.router)
	return nil
}

// serveClients opens the ports for clients, and says so.
func (n *node) serveClients() error {
	if n.config.Proxy {
		if err := n.listenForClients(); err != nil {
			return err
		}
	}
	n.serve(n.driverPort, n.driver.Serve, wire.ErrServerClosed)
	n.cluster = n.startClusterPort()
	logfile.Notice(n.log, "Listening for client driver connections on port %d", n.driverPort.port)
	if n.webPort == nil {
		logfile.Notice(n.log, "Administrative HTTP connections are disabled.")
	} else if err := n.serveWeb(); err != nil {
		return err
	}
	if n.config.DebugAddress != "" {
		var err error
		if n.debug, err = startDebugPort(n.config.DebugAddress, n.log); err != nil {
			return err
		}
	}
	n.announce()
	return nil
}

func (n *node) serveWeb() error {
	if err := n.openWeb(n.engine); err != nil {
		return err
	}
	n.gate.Attach(n.web.Enforce)
	serve := n.web.Serve
	if config := tlsConfig(n.webTLS); config != nil {
		serve = func(l net.Listener) error { return n.web.Serve(tls.NewListener(l, config)) }
	}
	n.serve(n.webPort, serve, http.ErrServerClosed)
	logfile.Notice(n.log, "Listening for administrative HTTP connections on port %d", n.webPort.port)
	return nil
}

// listen opens all ports before anybody is served, so that a start that fails has disturbed nobody. A proxy has nothing to say before it has joined:
// its other ports stay closed until then.
func (n *node) listen() (err error) {
	c := n.config
	if n.clusterPort, err = listen(c.Cluster); err != nil {
		return portError("", c.Cluster.Number, err)
	}
	logfile.Notice(n.log, "Listening for intracluster connections on port %d", n.clusterPort.port)
	certificate, _ := n.clusterKey.Newest()
	logfile.Notice(n.log, "Key of the intracluster port: %s", peer.FingerprintOf(certificate.Leaf))
	if c.Proxy {
		return nil
	}
	return n.listenForClients()
}

func (n *node) listenForClients() (err error) {
	c := n.config
	if n.driverPort, err = listen(c.Driver); err != nil {
		return portError("RDB protocol", c.Driver.Number, err)
	}
	if c.NoWeb {
		return nil
	}
	if n.webPort, err = listen(c.Web); err != nil {
		return portError("http", c.Web.Number, err)
	}
	return nil
}

// serve runs one goroutine for each socket; close ends them. A socket that fails while the server runs is the end of the
// server: half a server is worse than one that its supervisor starts again.
func (n *node) serve(l *listeners, serve func(net.Listener) error, closed error) {
	for _, socket := range l.list {
		n.serving.Go(func() {
			if err := serve(socket); !errors.Is(err, closed) {
				select {
				case n.unavailable <- fmt.Errorf("serve %s: %w", socket.Addr(), err):
				default: // one reason is enough
				}
			}
		})
	}
}

// announce says where the server can be reached.
func (n *node) announce() {
	c := n.config
	n.announceAddresses("cluster", c.Cluster.Addresses)
	n.announceAddresses("driver", c.Driver.Addresses)
	if !c.NoWeb {
		n.announceAddresses("http", c.Web.Addresses)
	}
	if !c.BindAll {
		how := "by running rethinkdb with the `--bind all` command line option."
		if c.ConfigFile != "" {
			how = fmt.Sprintf("by adding `bind=all' to the config file (%s).", c.ConfigFile)
		}
		logfile.Notice(n.log, "To fully expose RethinkDB on the network, bind to all addresses %s", how)
	}
	n.warnOfExposure()
	point := fmt.Sprintf("Point a driver at %s", net.JoinHostPort("localhost", strconv.Itoa(n.driverPort.port)))
	if n.webPort != nil {
		point += fmt.Sprintf(", a browser at %s://%s", n.webScheme(), net.JoinHostPort("localhost", strconv.Itoa(n.webPort.port)))
	}
	logfile.Notice(n.log, "%s", point)
	id, name := n.system.ServerInfo()
	if n.config.Proxy {
		logfile.Notice(n.log, "Proxy ready, %s", id)
		return
	}
	logfile.Notice(n.log, "Server ready, \"%s\" %s", name, id)
}

func (n *node) webScheme() string {
	if n.webTLS != nil {
		return "https"
	}
	return "http"
}

func (n *node) announceAddresses(port string, a Addresses) {
	plural := "es"
	if len(a.List) == 1 {
		plural = ""
	}
	logfile.Notice(n.log, "Listening on %s address%s: %s", port, plural, a)
}

// process is what the system tables show of this process.
func (n *node) process() system.Process {
	hostname, err := os.Hostname()
	if err != nil {
		hostname = "localhost"
	}
	p := system.Process{
		Version: Version(), Started: n.started, PID: os.Getpid(), Argv: n.config.Argv,
		Hostname: hostname, ClusterPort: n.clusterPort.port, ReQLPort: n.driverPort.port,
	}
	if n.webPort != nil {
		p.HTTPPort = n.webPort.port
	}
	for _, addr := range n.config.Cluster.Addresses.List {
		p.Canonical = append(p.Canonical, system.HostPort{Host: addr.String(), Port: p.ClusterPort})
	}
	return p
}

// stop ends a server that was ready.
func (n *node) stop() error {
	logfile.Notice(n.log, "Shutting down client connections...")
	n.closePorts()
	logfile.Notice(n.log, "All client connections closed.")
	logfile.Notice(n.log, "Shutting down storage engine... (This may take a while if you had a lot of unflushed data in the writeback cache.)")
	if err := n.close(); err != nil {
		return err
	}
	logfile.Notice(n.log, "Storage engine shut down.")
	return nil
}

// closePorts lets clients finish their writes and closes their connections, all within stopTime.
func (n *node) closePorts() {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	var ports sync.WaitGroup
	if n.web != nil {
		ports.Go(func() {
			n.logIns.Close()
			n.closedPort("web", n.web.Shutdown(ctx))
		})
	}
	if n.driver != nil {
		ports.Go(func() { n.closedPort("driver", n.driver.Shutdown(ctx)) })
	}
	if n.cluster != nil {
		ports.Go(func() {
			if err := n.cluster.Close(); err != nil {
				n.log.Warn("close the intracluster port", "error", err)
			}
		})
	}
	ports.Wait()
	n.web, n.driver, n.cluster = nil, nil, nil
}

// closedPort reports a port whose clients did not end in time. Their connections are closed all the same.
func (n *node) closedPort(name string, err error) {
	if err != nil {
		n.busy.Store(true)
		n.log.Warn("Some queries did not end in time and were cut off.", "port", name, "error", err)
	}
}

// close closes what was started, last first.
func (n *node) close() error {
	var errs []error
	if n.debug != nil {
		errs = append(errs, n.debug.Close())
	}
	n.closePorts()
	if n.clustering != nil {
		n.clustering.close()
	}
	if n.scripts != nil {
		n.scripts.Close()
	}
	if n.expirer != nil {
		n.expirer.Stop()
	}
	if n.engine != nil {
		n.engine.Close()
	}
	if n.system != nil {
		n.system.Stop()
	}
	for _, port := range []*listeners{n.webPort, n.driverPort, n.clusterPort} {
		if port != nil {
			errs = append(errs, port.Close()) // closed already, unless the start failed before it was served
		}
	}
	n.serving.Wait()
	n.cancel()
	n.watching.Wait()
	errs = append(errs, n.audit.Close()) // it writes to the store
	if n.data != nil {
		errs = append(errs, n.closeData())
	}
	return errors.Join(errs...)
}

// closeData closes the store, which nobody may use by then. When a query would not end, it only brings everything to disk: the
// process ends anyway, and the next start finds the store as after a crash, with nothing lost.
func (n *node) closeData() error {
	if !n.busy.Load() {
		return n.data.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return n.data.store.WaitDurable(ctx)
}
