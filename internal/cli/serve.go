package cli

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"rethinkdb/internal/logfile"
	"rethinkdb/internal/server"
)

// exitStatus ends the program when everything that there was to say has been said.
type exitStatus int

func (e exitStatus) Error() string { return "exit status " + strconv.Itoa(int(e)) }

const (
	maxIOThreads = 1_000_000
	maxCores     = 2_000_000_000
	// maxCacheMegabytes is a petabyte; who asks for more took the number for bytes.
	maxCacheMegabytes = 1 << 30
	maxSeconds        = 1<<31 - 1
)

// common reads the options that all commands with a data directory share.
func (s settings) common(c *server.Config) error {
	threads, err := s.integer("--io-threads")
	if err != nil {
		return err
	}
	if threads < 1 || threads > maxIOThreads {
		return refusef("ERROR: io-threads must be between 1 and %d", maxIOThreads)
	}
	c.CacheBytes, err = s.cacheBytes()
	return err
}

// logFile reads where the log is to be written.
func (s settings) logFile(c *server.Config) (err error) {
	if s.has("--log-file") {
		c.LogFile, err = filepath.Abs(s.one("--log-file"))
	}
	return err
}

// cacheBytes is the size asked for, 0 for auto.
func (s settings) cacheBytes() (int64, error) {
	text := s.one("--cache-size")
	if text == "" || text == "auto" {
		return 0, nil
	}
	megabytes, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0, refusef("ERROR: cache-size should be a number or 'auto', got '%s'", text)
	}
	if megabytes > maxCacheMegabytes {
		return 0, refusef("ERROR: cache-size is %d MB, which is larger than the maximum legal cache size for this platform (%d MB)", megabytes, maxCacheMegabytes).
			hint("The number is in megabytes.")
	}
	return int64(megabytes) << 20, nil
}

// checkSeconds checks an option of a cluster, which a single server accepts without using it.
func (s settings) checkSeconds(long string, limit uint64) error {
	if !s.has(long) {
		return nil
	}
	seconds, err := strconv.ParseUint(s.one(long), 10, 64)
	if err != nil {
		return refusef("ERROR: %s should be a number, got '%s'", long[2:], s.one(long))
	}
	if seconds > limit {
		return refusef("ERROR: %s is too large. Must be at most %d", long[2:], limit)
	}
	return nil
}

// cores is how many processors to use, 0 for all that there are.
func (s settings) cores() (int, error) {
	if !s.has("--cores") {
		return 0, nil
	}
	n, err := s.integer("--cores")
	if err != nil {
		return 0, err
	}
	if n < 1 || n > maxCores {
		return 0, refusef("ERROR: number specified for cores to use must be between 1 and %d", maxCores)
	}
	return n, nil
}

// newServer reads what a new directory begins with.
func (s settings) newServer(c *server.Config) (err error) {
	if c.ServerName, err = s.serverName(); err != nil {
		return err
	}
	c.ServerTags, err = s.serverTags()
	return err
}

// openLog opens the log of a server, in its directory unless --log-file says otherwise.
func openLog(c server.Config, directory string, stdout, stderr io.Writer) (*logfile.Log, error) {
	path := c.LogFile
	if path == "" {
		path = filepath.Join(directory, server.LogFileName)
	}
	log, err := logfile.Open(logfile.Options{Path: path, Stdout: stdout, Stderr: stderr, Start: processStart})
	if err != nil {
		return nil, refusef("Could not open the log file '%s': %v", path, cause(err)).hint("Check its permissions and the space on its disk, or choose another with --log-file.")
	}
	return log, nil
}

// processStart is when the program began, near enough.
var processStart = time.Now()

// runCreate prepares a data directory.
func runCreate(s settings, stdout, stderr io.Writer) (err error) {
	c := server.Config{}
	if err := s.newServer(&c); err != nil {
		return err
	}
	if err := s.common(&c); err != nil {
		return err
	}
	if err := s.logFile(&c); err != nil {
		return err
	}
	id, err := s.identity()
	if err != nil {
		return err
	}
	if err := s.password(&c, stdout, stderr); err != nil {
		return err
	}
	if c.Keys, err = s.encryptionKeys(stderr); err != nil {
		return err
	}
	syscall.Umask(0o077)
	path := s.one("--directory")
	directory, err := openDirectory(path, true, id)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, directory.Close()) }()
	if !directory.New {
		return refusef("The path '%s' already exists.  Delete it and try again.", path)
	}
	log, err := openLog(c, directory.Path, stdout, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	return server.Create(directory, c, slog.New(log))
}

// openDirectory opens the data directory and becomes the user to run as: before an existing one is touched, and after a new
// one was made and given to that user, who may have no right to make it.
func openDirectory(path string, create bool, id identity) (*server.Directory, error) {
	entries, err := os.ReadDir(path)
	existing := err == nil && len(entries) > 0
	if existing || !create {
		if err := id.assume(); err != nil {
			return nil, err
		}
	}
	directory, err := server.AcquireDirectory(path, create)
	if err != nil {
		return nil, err
	}
	if directory.New && id.given() {
		err = directory.Chown(id.uid, id.gid)
		if err != nil {
			err = refusef("Failed to change ownership of data directory '%s' to '%s:%s': %v", path, id.userName, id.groupName, cause(err)).
				hint("Start the server as root, or leave out --runuser and --rungroup.")
		} else {
			err = id.assume()
		}
	}
	if err != nil {
		return nil, errors.Join(err, directory.Close())
	}
	return directory, nil
}

// serverConfig reads everything that `serve` and the program without a command take.
func (s settings) serverConfig(cmd command, argv []string) (c server.Config, err error) {
	c = server.Config{
		Proxy:           cmd == proxy,
		TestDB:          cmd == porcelain,
		NoWeb:           s.has("--no-http-admin"),
		ConfigFile:      s.one("--config-file"),
		NoOldHandshakes: s.has("--no-old-handshakes"),
		DebugAddress:    s.one("--debug-address"),
		Argv:            maskSecrets(argv),
	}
	if s["--initial-password"].source == configSource(c.ConfigFile) {
		c.SecretFile = s.path("--config-file")
	}
	if cmd != proxy {
		if err := s.newServer(&c); err != nil {
			return c, err
		}
		if err := s.common(&c); err != nil {
			return c, err
		}
	}
	if err := s.logFile(&c); err != nil {
		return c, err
	}
	if err := s.ports(&c); err != nil {
		return c, err
	}
	if err := s.access(&c); err != nil {
		return c, err
	}
	if err := s.tls(&c); err != nil {
		return c, err
	}
	if err := s.cluster(&c); err != nil {
		return c, err
	}
	c.TestDB = c.TestDB && len(c.Join) == 0 // a cluster has its databases
	if err := s.audit(&c); err != nil {
		return c, err
	}
	if err := s.queries(&c); err != nil {
		return c, err
	}
	if c.HTTPAllow, err = s.networks("--http-client-allow"); err != nil {
		return c, err
	}
	if err := s.checkSeconds("--join-delay", maxSeconds); err != nil {
		return c, err
	}
	if err := s.checkSeconds("--cluster-reconnect-timeout", maxSeconds/1000); err != nil {
		return c, err
	}
	c.CanonicalAddresses = s.all("--canonical-address")
	c.ReconnectTimeout, err = s.duration("--cluster-reconnect-timeout", time.Second)
	return c, err
}

// runServer serves a data directory until a signal ends it.
func runServer(cmd command, s settings, argv []string, stdout, stderr io.Writer) (err error) {
	c, err := s.serverConfig(cmd, argv)
	if err != nil {
		return err
	}
	cores, err := s.cores()
	if err != nil {
		return err
	}
	id, err := s.identity()
	if err != nil {
		return err
	}
	pidFile := s.one("--pid-file")
	if pidFile != "" {
		if pidFile, err = filepath.Abs(pidFile); err != nil {
			return err
		}
		if err := checkPidFile(pidFile); err != nil {
			return err
		}
	}
	daemon := s.has("--daemon")
	if daemon && !isDaemon() {
		password, err := s.initialPassword(stdout, stderr)
		if err != nil {
			return err
		}
		return exitStatus(startDaemon(argv, password, stdout, stderr))
	}
	if err := s.password(&c, stdout, stderr); err != nil {
		return err
	}
	if c.Keys, err = s.encryptionKeys(stderr); err != nil {
		return err
	}
	// From here on only the user of the server can read what it writes.
	syscall.Umask(0o077)

	directory, err := s.openPlace(cmd, id, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, directory.close()) }()
	if s.has("--core-dumps") {
		if err := allowDumps(); err != nil {
			return err
		}
	}

	console := stdout
	if daemon {
		console = nil // the terminal is about to belong to somebody else
	}
	log, err := openLog(c, directory.path(), console, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()

	if pidFile != "" {
		remove, err := writePidFile(pidFile)
		if err != nil {
			return err
		}
		defer func() {
			if err := remove(); err != nil {
				slog.New(log).Warn("The pid file could not be removed.", "error", err)
			}
		}()
	}
	if cores > 0 {
		runtime.GOMAXPROCS(min(cores, runtime.NumCPU()))
	}
	ready := func() error { return nil }
	if daemon {
		ready = func() error {
			log.DetachConsole()
			return detach()
		}
	}
	if err := directory.run(c, log, ready); err != nil {
		slog.New(log).Error(err.Error()) // on the console too, as `error: …`
		return exitStatus(1)
	}
	return nil
}

// place is where a server runs: its directory, or for a proxy the working directory, in which it has a log at most.
type place struct{ *server.Directory }

// openPlace opens the directory that the settings name, and becomes the user to run as.
func (s settings) openPlace(cmd command, id identity, stderr io.Writer) (place, error) {
	if cmd == proxy {
		return place{}, id.assume()
	}
	d, err := openDirectory(s.one("--directory"), cmd == porcelain, id)
	if err == nil && s.has("--server-name") && !d.New {
		fmt.Fprintln(stderr, "WARNING: ignoring --server-name because this server already has a name.")
	}
	return place{d}, err
}

func (p place) path() string {
	if p.Directory == nil {
		return "."
	}
	return p.Path
}

func (p place) run(c server.Config, log *logfile.Log, ready func() error) error {
	if p.Directory == nil {
		return server.RunProxy(c, log, ready)
	}
	return server.Run(p.Directory, c, log, ready)
}

func (p place) close() error {
	if p.Directory == nil {
		return nil
	}
	return p.Close()
}
