package selfcheck

import (
	"io/fs"
	"net/netip"
	"slices"
	"time"

	"rethinkdb/internal/access"
	"rethinkdb/internal/certificate"
)

// Facts are what a judgement is made of.
type Facts struct {
	Now       time.Time
	Directory string   // of the data, absolute
	Command   []string // how the server is started; secrets in it are masked

	Mode  access.Mode
	Ports []Port // those that are open
	Users []User
	// EndlessTokens are the bearer tokens that never expire.
	EndlessTokens []Token

	MinTLS         uint16 // oldest version
	TrustedProxies []netip.Prefix
	HTTPAllow      []netip.Prefix // what r.http may reach beside public addresses
	AuditLog       bool
	Encrypted      bool // the data directory is
	ScriptsForAll  bool // every user may run JavaScript

	Files        []File
	Certificates []certificate.State
	Authorities  []string       // directories in which `rethinkdb create-certs` has made certificates
	Networks     []netip.Prefix // private networks that the machine is in

	// What was seen while the server runs.
	OldHandshakes []OldHandshake
	Proxies       []Proxy
}

// Port is one open port.
type Port struct {
	access.Port
	Number    int
	All       bool         // it is open on all addresses
	Addresses []netip.Addr // of today
	TLS       certificate.Files
	Listed    bool           // there is an allow-list
	Allowed   []netip.Prefix // the networks that all lists let in
	// Credentials tells whether strangers need a password or a certificate.
	Credentials bool
}

// User is one account. Admin is the one who may do everything.
type User struct {
	Name       string
	Admin      bool
	Password   bool // one is set
	Weak       bool // it was easy to guess when it was set
	Iterations int
	Rights     []string // those that hold everywhere, in the words of r.grant
}

// Token is a bearer token.
type Token struct{ ID, User, Description string }

// File is a file that only the user of the server should read.
type File struct {
	Path string
	Mode fs.FileMode
	Kind FileKind
}

// FileKind says what is in a file.
type FileKind uint8

// The kinds of files.
const (
	DataDirectory FileKind = iota
	KeyFile
	ClusterSecret
	ConfigurationFile // one with a password in it
	PasswordFile      // with the password that the server invented
)

// OldHandshake is the last use of a handshake from before 2.3.
type OldHandshake struct {
	Version string
	Peer    netip.Addr
	At      time.Time
	Count   int64
}

// Proxy is one that is not trusted, but that said for whom it asked.
type Proxy struct {
	Peer netip.Addr
	At   time.Time
}

// beyond tells whether other machines can reach the port.
func (p *Port) beyond() bool {
	return p.All || slices.ContainsFunc(p.Addresses, func(a netip.Addr) bool { return !a.IsLoopback() })
}

// encrypted tells whether it speaks TLS. The intracluster port has a key of its own if it is given none.
func (p *Port) encrypted() bool { return p.TLS.Key != "" || p.Port == access.Cluster }

// public tells whether it has an address that the whole world may reach.
func (p *Port) public() bool {
	return slices.ContainsFunc(p.Addresses, func(a netip.Addr) bool { return !a.IsLoopback() && !a.IsPrivate() && !a.IsLinkLocalUnicast() })
}

// openTo tells whether other machines get in without any credentials.
func (f *Facts) openTo(p *Port) bool {
	return p.beyond() && !p.Credentials && f.Mode != access.Strict
}

// exposed tells whether other machines can reach any port.
func (f *Facts) exposed() bool {
	return slices.ContainsFunc(f.Ports, func(p Port) bool { return p.beyond() })
}

func (f *Facts) port(which access.Port) *Port {
	for i := range f.Ports {
		if f.Ports[i].Port == which {
			return &f.Ports[i]
		}
	}
	return nil
}

func (f *Facts) admin() User {
	for _, u := range f.Users {
		if u.Admin {
			return u
		}
	}
	return User{}
}
