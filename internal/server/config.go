package server

import (
	"io"
	"net/netip"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"rethinkdb/internal/access"
	"rethinkdb/internal/certificate"
	"rethinkdb/internal/peer"
	"rethinkdb/internal/system"
)

// ProtocolVersion is the version of RethinkDB that this server behaves like. Drivers and tools compare it, so it stays a plain
// version number.
const ProtocolVersion = "2.4.4"

// build tells builds of one version apart. The linker's option -X sets it.
var build string

// Version names the program and its build, in the form that drivers and tools take apart.
func Version() string {
	version := ProtocolVersion
	if build != "" {
		version += "-" + build
	}
	return "rethinkdb " + version + " (" + runtime.GOARCH + "-" + runtime.GOOS + ") (" + runtime.Version() + ")"
}

// Uname describes the machine as `uname -msr` does.
func Uname() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return runtime.GOOS + " " + runtime.GOARCH
	}
	return strings.Join([]string{
		unix.ByteSliceToString(u.Sysname[:]), unix.ByteSliceToString(u.Release[:]), unix.ByteSliceToString(u.Machine[:]),
	}, " ")
}

// Config is all that a server must be told. The command line is the only place that fills it in for the program.
type Config struct {
	// What a new directory begins with; without effect on an existing one.
	ServerName string
	ServerTags []string
	TestDB     bool // create the database `test`

	InitialPassword string    // of the user admin, if none is set yet; empty sets none
	InventPassword  bool      // in place of InitialPassword
	ShowPassword    io.Writer // a terminal to show an invented password on; nil: a file in the data directory

	CacheBytes int64 // 0 chooses by the free memory

	Keys Keys // of the data directory

	// Proxy: the server has no directory, and answers queries for a cluster to which it does not belong.
	Proxy bool

	Cluster, Driver, Web Port
	NoWeb                bool
	BindAll              bool // --bind says all, which keeps the advice to say it off the console

	Access            access.Policy        // who may come in
	DriverTLS, WebTLS certificate.Files    // no key: plain connections
	ClusterTLS        certificate.Files    // no key: the server makes its own
	TLS               certificate.Settings // of all three

	ClusterSecretFile string      // what servers prove to know; empty: nothing
	Join              []string    // intracluster ports of a cluster to join, host:port
	JoinToken         *peer.Token // to join with; nil: none
	// CanonicalAddresses are where other servers find this one, host or host:port; empty: where the intracluster port is bound to.
	CanonicalAddresses []string
	ReconnectTimeout   time.Duration // for how long a lost server is called

	NoOldHandshakes bool // refuse drivers from before 2.3

	TrustedProxies []netip.Prefix // of the web port, whose X-Forwarded-For is believed
	Hosts          []string       // names of the web port beside localhost and those of the machine, in lower case

	HTTPAllow []netip.Prefix // networks that r.http may reach beside the public ones

	HistoryBytes       int64         // of the change history of a table; 0 for none
	HistoryAge         time.Duration // of its oldest entry
	ConnectionsPerUser int           // that may be open at the same time; 0 for any number

	WebSessionTimeout time.Duration // after which a session of the administration page ends that nobody uses; 0 for none

	Scripts system.Scripts // whose queries may run JavaScript

	QueryMemoryBytes int64         // for what one query collects; 0 chooses by the cache
	QueryTimeout     time.Duration // for the work on one request of a query; 0 for no limit
	SlowQuery        time.Duration // work from which on a query is logged; 0 for none

	AuditLog      string // absolute; empty keeps the newest entries in memory only
	AuditLogBytes int64  // from which on a file is continued in the next one
	AuditLogKeep  int    // how many full files are kept

	LogFile      string // absolute; empty is log_file in the data directory
	ConfigFile   string // only for advice on the console
	SecretFile   string // absolute; the configuration file, if it has a password in it
	Argv         []string
	DebugAddress string // loopback address of the profiler; empty opens none
}

// Port is one port and the addresses it is open on.
type Port struct {
	Number    int // 0 lets the system choose
	Addresses Addresses
}

// Addresses are local addresses to listen on.
type Addresses struct {
	All  bool         // every address, now and later; List then names those of today
	List []netip.Addr // sorted
}

func (a Addresses) String() string {
	names := make([]string, len(a.List))
	for i, addr := range a.List {
		names[i] = addr.String()
	}
	return strings.Join(names, ", ")
}
