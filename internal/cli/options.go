package cli

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// command is one of the invocations that take options, as a bit.
type command uint16

const (
	porcelain command = 1 << iota // no sub-command: create if needed, then serve
	serve
	create
	proxy
	administration // `rethinkdb admin`, which takes words besides
	createCerts
	reencrypt
	auditVerify // takes files besides
	securityCheck

	servers  = porcelain | serve
	creators = porcelain | create
	local    = porcelain | serve | create // all that have a data directory
	network  = porcelain | serve | proxy  // all that listen
	every    = local | proxy
	stored   = local | reencrypt                            // all that read a data directory
	clients  = administration | auditVerify | securityCheck // that connect to a server
	all      = every | clients | createCerts | reencrypt
)

// name is what the user writes after `rethinkdb`, and after `rethinkdb help`.
func (c command) name() string {
	switch c {
	case serve:
		return "serve"
	case create:
		return "create"
	case proxy:
		return "proxy"
	case administration:
		return "admin"
	case createCerts:
		return "create-certs"
	case reencrypt:
		return "reencrypt"
	case auditVerify:
		return "audit-verify"
	case securityCheck:
		return "security-check"
	default:
		return ""
	}
}

// Sections of the help, in their order.
const (
	fileSection        = "Files"
	encryptionSection  = "Encryption"
	serverSection      = "Server"
	authSection        = "Authentication"
	networkSection     = "Network"
	webSection         = "Web interface"
	querySection       = "Queries"
	cpuSection         = "Processors"
	certificateSection = "Certificates"
	serviceSection     = "Running as a service"
	userSection        = "User and group"
	tlsSection         = "TLS"
	logSection         = "Log"
	consoleSection     = "Console"
	configSection      = "Configuration file"
	helpSection        = "Help"
	unlistedSection    = "" // accepted, but not in the help
)

// option is one option of the command line; without its dashes it is a key of the configuration file.
type option struct {
	long     string // with dashes, the official name
	short    string // with a dash, or empty
	arg      string // what the help calls the value; empty for a flag
	repeat   bool   // may be given several times
	def      string // default value; empty when there is none
	commands command
	section  string
	help     string

	// absent says what this server cannot do yet. An option that would change who can reach the data, or where it is, is
	// refused rather than ignored.
	absent string
}

// options is the whole list. The reference for names, defaults and errors is RethinkDB 2.4.
var options = []option{
	{long: "--directory", short: "-d", arg: "path", def: "rethinkdb_data", commands: local, section: fileSection,
		help: "the directory that holds the data; created, readable by its owner only, when it is missing (default rethinkdb_data)"},
	{long: "--directory", short: "-d", arg: "path", def: "rethinkdb_data", commands: reencrypt, section: fileSection,
		help: "the directory that holds the data (default rethinkdb_data)"},
	{long: "--directory", short: "-d", arg: "path", def: "rethinkdb_certs", commands: createCerts, section: fileSection,
		help: "the directory for the certificates and keys, made for their owner only when it is missing. One that has an authority is added to (default rethinkdb_certs)"},
	{long: "--cache-size", arg: "mb", commands: local, section: fileSection,
		help: "memory for cached data and unwritten changes, in MB (1048576 bytes), or auto: half of the free memory minus 1 GB, at least 100 MB (default auto)"},
	{long: "--io-threads", arg: "n", def: "64", commands: local, section: fileSection,
		help: "accepted for old scripts: how many disk operations run at once is chosen automatically (default 64)"},
	{long: "--direct-io", commands: local, section: fileSection,
		help: "accepted for old scripts: the storage engine always uses the page cache"},

	{long: "--encryption-key-file", arg: "file", commands: stored, section: encryptionSection,
		help: "encrypt the data directory with the key in this file: 32 random bytes, such as 'openssl rand -hex 32' prints. Nobody but its owner may be able to read it, and it must not lie in the data directory. A new directory begins encrypted; an existing one is encrypted with 'rethinkdb reencrypt'. Without the key the data is lost"},
	{long: "--encryption-key-command", arg: "command", commands: stored, section: encryptionSection,
		help: "the same with a command that prints the key, run with the shell at each start"},
	{long: "--old-encryption-key-file", arg: "file", commands: stored, section: encryptionSection,
		help: "replace this key by the one above, if the directory still needs it. The files stay as they are; new ones get a new data key"},
	{long: "--old-encryption-key-command", arg: "command", commands: stored, section: encryptionSection,
		help: "the same with a command"},
	{long: "--decrypt", commands: reencrypt, section: encryptionSection,
		help: "write the files so that no key is needed any more"},

	{long: "--server-name", short: "-n", arg: "name", commands: creators, section: serverSection,
		help: "name of a new server, shown in the system tables: letters, digits, _ and - (default the host's name and three random characters)"},
	{long: "--server-tag", short: "-t", arg: "tag", repeat: true, commands: creators, section: serverSection,
		help: "a tag of a new server, used to place tables; may be repeated; the tag default is always there"},

	{long: "--initial-password", arg: "{auto | password}", commands: every, section: authSection,
		help: "password of the user admin, if none is set yet; auto invents one, and prints it on a terminal or else writes it to the file initial_password in the data directory. A password written here leaves the list of processes at once, but shells keep it in their history"},
	{long: "--initial-password-file", arg: "file", commands: every, section: authSection,
		help: "a file with that password; - reads it from the standard input, or asks for it. It may also be in the environment variable RETHINKDB_INITIAL_PASSWORD"},

	{long: "--bind", arg: "{all | address}", repeat: true, commands: network, section: networkSection,
		help: "also listen on this local address, for all three ports; all means every address, open to the network. May be repeated (default only loopback)"},
	{long: "--bind-cluster", arg: "{all | address}", repeat: true, commands: network, section: networkSection,
		help: "addresses of the intracluster port, in place of --bind"},
	{long: "--bind-driver", arg: "{all | address}", repeat: true, commands: network, section: networkSection,
		help: "addresses of the driver port, in place of --bind"},
	{long: "--bind-http", arg: "{all | address}", repeat: true, commands: network, section: networkSection,
		help: "addresses of the web port, in place of --bind"},
	{long: "--no-default-bind", commands: network, section: networkSection,
		help: "listen on loopback only where a --bind option names it"},
	{long: "--protected-mode", arg: "{private | strict | off}", def: "private", commands: network, section: networkSection,
		help: "whom to serve while the user admin has no password: private, this machine and private networks; strict, this machine; off, everybody, for networks that are closed to strangers (default private)"},
	{long: "--driver-allow", arg: "network", repeat: true, commands: network, section: networkSection,
		help: "serve drivers in this network only, in CIDR notation such as 10.1.0.0/16, or at this address, and on this machine; may be repeated. Passwords are needed all the same (default all networks)"},
	{long: "--cluster-allow", arg: "network", repeat: true, commands: network, section: networkSection,
		help: "the same for the intracluster port"},
	{long: "--no-old-handshakes", commands: network, section: networkSection,
		help: "refuse drivers from before RethinkDB 2.3, which send the authentication key as it is"},
	{long: "--driver-port", arg: "port", def: "28015", commands: network, section: networkSection,
		help: "port for drivers; 0 takes a free one (default 28015)"},
	{long: "--cluster-port", arg: "port", def: "29015", commands: network, section: networkSection,
		help: "port for other servers; 0 takes a free one (default 29015)"},
	{long: "--port-offset", short: "-o", arg: "n", def: "0", commands: network, section: networkSection,
		help: "added to all three ports, to run several servers on one machine (default 0)"},
	{long: "--client-port", arg: "port", def: "0", commands: network, section: unlistedSection},
	{long: "--join", short: "-j", arg: "host[:port]", repeat: true, commands: network, section: networkSection,
		help: "join the cluster of this server, by its intracluster port; may be repeated. Once it belongs to a cluster a server finds that by itself, but a proxy needs it at each start"},
	{long: "--join-token", arg: "{token | file}", commands: network, section: authSection,
		help: "a token to join with, made by: rethinkdb admin make join-token. It says which server to join, unless --join does. One that is written here leaves the list of processes at once, but shells keep it in their history: prefer a file"},
	{long: "--cluster-secret-file", arg: "file", commands: network, section: authSection,
		help: "a file with the secret that the servers of a cluster have in common, at least 16 characters in one line; made for example by: openssl rand -base64 32. Servers prove to each other that they know it. Further lines are secrets that other servers may still have (default none)"},
	{long: "--join", short: "-j", arg: "host[:port]", repeat: true, commands: administration | securityCheck, section: networkSection,
		help: "the server to connect to, by its intracluster port; when it is given several times the first that answers (default localhost:29015)"},
	{long: "--join", short: "-j", arg: "host[:port]", repeat: true, commands: auditVerify, section: networkSection,
		help: "ask the running server, by its intracluster port, for its last entry, which then must be in the files; when it is given several times the first that answers (default none is asked)"},
	{long: "--cluster-port", arg: "port", def: "29015", commands: clients, section: networkSection,
		help: "the port of a --join without one, as the server was given it (default 29015)"},
	{long: "--port-offset", short: "-o", arg: "n", def: "0", commands: clients, section: networkSection,
		help: "added to that port, as for the server (default 0)"},
	{long: "--password-file", arg: "file", commands: clients, section: authSection,
		help: "a file with the password of the user admin, which is the authentication key; - reads the first line of the standard input. Without it the password is in the environment variable RETHINKDB_PASSWORD, or asked for on a terminal"},
	{long: "--exit-failure", short: "-x", commands: administration, section: consoleSection,
		help: "end the console with exit status 1 when a command fails"},
	{long: "--canonical-address", arg: "host", commands: administration, section: unlistedSection},
	{long: "--canonical-address", arg: "host[:port]", repeat: true, commands: network, section: networkSection,
		help: "address under which other servers reach this one; may be repeated (default the addresses that the intracluster port is bound to)"},
	{long: "--join-delay", arg: "seconds", commands: network, section: networkSection,
		help: "no effect in this version: a server takes part as soon as it has joined (default 0)"},
	{long: "--cluster-reconnect-timeout", arg: "seconds", def: "86400", commands: network, section: networkSection,
		help: "stop calling a lost server after this time (default 86400)"},
	{long: "--http-client-allow", arg: "network", repeat: true, commands: network, section: networkSection,
		help: "let r.http connect to servers in this network, in CIDR notation such as 10.1.0.0/16, or at this address; may be repeated. Whoever may use r.http then reaches them as this machine does. Without it loopback, private, link-local and all other addresses that are not public are refused"},
	{long: "--reql-http-proxy", arg: "[protocol://]host[:port]", commands: network, section: networkSection,
		help:   "proxy for r.http (not in this version)",
		absent: "r.http connects directly in this version; start the server without this option"},

	{long: "--http-port", arg: "port", def: "8080", commands: network, section: webSection,
		help: "port of the web interface; 0 takes a free one (default 8080)"},
	{long: "--http-allow", arg: "network", repeat: true, commands: network, section: webSection,
		help: "serve browsers in this network only, in CIDR notation such as 10.1.0.0/16, or at this address, and on this machine; may be repeated (default all networks)"},
	{long: "--trusted-proxy", arg: "network", repeat: true, commands: network, section: webSection,
		help: "believe what proxies in this network, or at this address, say in X-Forwarded-For about who asks; may be repeated (default none)"},
	{long: "--http-host", arg: "name", repeat: true, commands: network, section: webSection,
		help: "a name of this server in browsers. Requests for other names than this, the machine's own, its addresses and localhost are refused, because they may come from pages of strangers, unless they have a bearer token; may be repeated"},
	{long: "--web-session-timeout", arg: "minutes", def: "30", commands: network, section: webSection,
		help: "log out who has done nothing on the administration page for this time; what the page asks by itself does not count. 0 waits for the end of the session, which comes after 12 hours in any case (default 30)"},
	{long: "--no-http-admin", commands: network, section: webSection,
		help: "do not open the web port at all"},
	{long: "--web-static-directory", arg: "directory", commands: network, section: webSection,
		help:   "serve the web interface from this directory (not in this version)",
		absent: "the web interface is part of the program in this version; start the server without this option"},

	{long: "--connections-per-user", arg: "n", def: "10000", commands: network, section: querySection,
		help: "how many connections one user may have at the same time, of drivers and over HTTP together; further ones are refused when they have logged in. 0 is any number (default 10000)"},
	{long: "--query-timeout", arg: "seconds", commands: network, section: querySection,
		help: "end a query after that much work on it, or on one batch of its results, with an error; waiting for the client does not count. A query may set its own limit with the option timeout, also a longer one (default 0, no limit)"},
	{long: "--query-memory", arg: "mb", commands: network, section: querySection,
		help: "memory for what one query collects: rows to sort, groups, arrays, an array as the result; in MB (1048576 bytes). A sort or distinct that needs more goes on in temporary files in the data directory, anything else is an error of that query (default a quarter of --cache-size, at least 64)"},
	{long: "--slow-query-log", arg: "milliseconds", commands: network, section: querySection,
		help: "write a line to the log for each query that takes at least that much work: what it looks like, without the values in it, how long it took, the rows it read, returned and wrote, and whose it was (default 0, none)"},
	{long: "--changefeed-history-size", arg: "mb", def: "64", commands: servers, section: querySection,
		help: "how much each table keeps of what was changed, for feeds that resume; in MB (1048576 bytes), 0 for none. Only tables with such feeds keep any, until a while after the last one. A table may have its own limits, in its table_config (default 64)"},
	{long: "--changefeed-history-age", arg: "seconds", def: "86400", commands: servers, section: querySection,
		help: "how long it is kept, and how long after the last feed a table goes on keeping it (default 86400, a day)"},

	{long: "--javascript", arg: "{all | admin | off}", def: "all", commands: network, section: querySection,
		help: "whose queries may run JavaScript with r.js, in processes of their own: all, those of every user; admin, those of the user admin; off, none (default all)"},

	{long: "--cores", short: "-c", arg: "n", commands: servers, section: cpuSection,
		help: "processors to use at the same time (default all that this process may use)"},

	{long: "--pid-file", arg: "path", commands: network, section: serviceSection,
		help: "write the process id to this file while the server runs; an existing file is taken for a running server"},
	{long: "--core-dumps", commands: servers, section: serviceSection,
		help: "let the system write the memory of the server into a core file when it crashes, and let other processes of its user read it, to look for a fault. It has documents and secrets in it (default no)"},
	{long: "--daemon", commands: network, section: serviceSection,
		help: "go on in the background once the server is ready"},

	{long: "--host", arg: "host", repeat: true, commands: createCerts, section: certificateSection,
		help: "a name or an address that clients call the server by; may be repeated (default all of this machine)"},
	{long: "--client", arg: "name", repeat: true, commands: createCerts, section: certificateSection,
		help: "make a certificate for a client of this name; may be repeated (default one client, or when renewing all that there are)"},
	{long: "--days", arg: "n", def: "365", commands: createCerts, section: certificateSection,
		help: "how long the certificates are good for; an authority is for ten years (default 365)"},
	{long: "--renew", commands: createCerts, section: certificateSection,
		help: "replace certificates and keys that are there, for the same hosts unless --host is given. A server that uses them notices by itself"},

	{long: "--runuser", arg: "user", commands: createCerts, section: userSection,
		help: "give the files to this user, as whom the server runs"},
	{long: "--rungroup", arg: "group", commands: createCerts, section: userSection,
		help: "give the files to this group (default the user's group)"},
	{long: "--runuser", arg: "user", commands: every | reencrypt, section: userSection,
		help: "give up root for this user before any data is touched"},
	{long: "--rungroup", arg: "group", commands: every | reencrypt, section: userSection,
		help: "run with this group (default the user's group)"},

	{long: "--http-tls-key", arg: "file", commands: network, section: tlsSection,
		help: "private key of the web port, in PEM; the port then serves https only. Keys and certificates are read again when they change"},
	{long: "--http-tls-cert", arg: "file", commands: network, section: tlsSection,
		help: "certificate of the web port, in PEM, with those of intermediate authorities after it"},
	{long: "--driver-tls-key", arg: "file", commands: network, section: tlsSection,
		help: "private key of the driver port, in PEM; drivers then connect with TLS only"},
	{long: "--driver-tls-cert", arg: "file", commands: network, section: tlsSection,
		help: "certificate of the driver port, in PEM"},
	{long: "--driver-tls-ca", arg: "file", commands: network, section: tlsSection,
		help: "serve only drivers with a certificate that an authority in this file has signed"},
	{long: "--cluster-tls-key", arg: "file", commands: network | clients, section: tlsSection,
		help: "private key for the intracluster port, in PEM, in place of the one that each server makes for itself"},
	{long: "--cluster-tls-cert", arg: "file", commands: network | clients, section: tlsSection,
		help: "certificate for the intracluster port, in PEM"},
	{long: "--cluster-tls-ca", arg: "file", commands: network | clients, section: tlsSection,
		help: "the authority that has signed the certificates of all servers; who has none is not let in on the intracluster port. It should sign nothing else"},
	{long: "--fingerprint", arg: "fingerprint", commands: clients, section: tlsSection,
		help: "the fingerprint that the server's key must have, as the server prints it when it starts"},
	{long: "--tls-min-protocol", arg: "version", commands: network, section: tlsSection,
		help: "oldest TLS version to accept from drivers and browsers: TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3; servers use TLSv1.3 among themselves (default TLSv1.2)"},
	{long: "--tls-ciphers", arg: "list", commands: network, section: tlsSection,
		help: "cipher suites of TLS 1.2, with colons between them, by OpenSSL's names; those of TLS 1.3 are fixed (default all secure ones)"},
	{long: "--tls-ecdh-curve", arg: "name", commands: network, section: tlsSection,
		help: "the only curve of the key exchange: prime256v1, secp384r1, secp521r1 or X25519 (default all secure ones)"},
	{long: "--tls-dhparams", arg: "file", commands: network, section: tlsSection,
		help: "accepted for old scripts: the key exchange uses elliptic curves only"},

	{long: "--log-file", arg: "file", commands: every, section: logSection,
		help: "where to write the log (default log_file in the data directory; of a proxy, in the working directory)"},
	{long: "--audit-log", arg: "file", commands: network, section: logSection,
		help: "write who logs in, who is refused and who changes users, permissions or configuration to this file, readable by its owner only: lines of JSON, each with the hash of the one before, which rethinkdb audit-verify checks (default none; the newest 1000 entries are in the table rethinkdb.audit)"},
	{long: "--audit-log-size", arg: "mb", def: "64", commands: network, section: logSection,
		help: "continue the audit log in a new file when it has this size, in MB (1048576 bytes); the full one gets the number of its last entry as the end of its name (default 64)"},
	{long: "--audit-log-keep", arg: "n", def: "10", commands: network, section: logSection,
		help: "how many full files of the audit log to keep; the oldest are removed (default 10)"},
	{long: "--last", arg: "number:hash", commands: auditVerify, section: logSection,
		help: "an entry that must be there, as an earlier run has printed it: it shows that nothing was cut off at the end. With --join the running server is asked for its last entry instead"},
	{long: "--no-update-check", commands: every, section: logSection,
		help: "accepted for old scripts: this server never asks anybody for updates"},
	{long: "--debug-address", arg: "address:port", commands: servers, section: unlistedSection},

	{long: "--json", commands: securityCheck, section: consoleSection, help: "print JSON, for programs"},
	{long: "--config-file", arg: "file", commands: every, section: configSection,
		help: "read options from a file of lines name=value; options given here win"},
	{long: "--help", short: "-h", commands: all, section: helpSection, help: "print this help"},
	{long: "--version", short: "-v", commands: every, section: helpSection, help: "print the version"},
}

// find returns the option of the command cmd that the user calls name, or nil.
func find(name string, cmd command) *option {
	i := slices.IndexFunc(options, func(o option) bool {
		return o.commands&cmd != 0 && (name == o.long || o.short != "" && name == o.short)
	})
	if i < 0 {
		return nil
	}
	return &options[i]
}

// values is what was said for one option, and where.
type values struct {
	source string
	list   []string // one empty string for a flag
}

// Sources of values, as they stand in error texts.
const (
	fromCommandLine = "the command line"
	fromDefault     = "the default value"
)

// settings are the values of one invocation by official option name.
type settings map[string]values

// has tells whether the option was given.
func (s settings) has(long string) bool { return len(s[long].list) > 0 }

// one returns the value of an option that is given at most once; empty when it was not given and has no default.
func (s settings) one(long string) string {
	if v := s[long].list; len(v) > 0 {
		return v[0]
	}
	return ""
}

// path returns the file or directory that an option names, absolute: a daemon leaves the working directory.
func (s settings) path(long string) string {
	path := s.one(long)
	if path == "" {
		return ""
	}
	if absolute, err := filepath.Abs(path); err == nil {
		return absolute
	}
	return path
}

func (s settings) all(long string) []string { return s[long].list }

// integer returns the value of an option with a number. The limit of 32 bits is RethinkDB's.
func (s settings) integer(long string) (int, error) {
	n, err := strconv.ParseInt(s.one(long), 10, 32)
	if err != nil {
		return 0, refusef("Option '%s' (with value '%s') not a valid integer", long, s.one(long)).hint("Give a whole number, for example %s 1.", long)
	}
	return int(n), nil
}

// addDefaults fills in what was not said.
func (s settings) addDefaults(cmd command) {
	for _, o := range options {
		if o.commands&cmd == 0 || o.def == "" || s.has(o.long) {
			continue
		}
		s[o.long] = values{source: fromDefault, list: []string{o.def}}
	}
}

// verify checks how often each option was given, and that this server can do what it asks for.
func (s settings) verify(cmd command) error {
	for _, o := range options {
		v := s[o.long]
		if o.commands&cmd == 0 || len(v.list) == 0 {
			continue
		}
		if len(v.list) > 1 && !o.repeat {
			return &optionError{source: v.source, option: o.long, text: "Option '" + o.long + "' specified too many times."}
		}
		if o.absent != "" {
			return refusef("Option '%s' cannot be used: %s.", o.long, o.absent)
		}
	}
	return nil
}

// looksLikeOption tells words that may be meant as options; - alone is the standard input.
func looksLikeOption(word string) bool { return strings.HasPrefix(word, "-") && word != "-" }
