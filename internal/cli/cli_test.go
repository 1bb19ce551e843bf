package cli

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// say runs the program with words and returns what it printed.
func say(words ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = Run(append([]string{"rethinkdb"}, words...), &out, &errs)
	return status, out.String(), errs.String()
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMistakesNameTheRemedy(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	nonempty := filepath.Dir(write(t, "file", "x"))
	for name, test := range map[string]struct {
		words []string
		want  []string // parts of stderr
	}{
		"unknown option":            {[]string{"--bogus"}, []string{"Error in the command line: Unrecognized option '--bogus'.\n", "Run 'rethinkdb help' for help on the command\n"}},
		"unknown option of serve":   {[]string{"serve", "--server-name", "x"}, []string{"Unrecognized option '--server-name'.", "Run 'rethinkdb help serve' for help"}},
		"value after an equal sign": {[]string{"--cache-size=100"}, []string{"Unrecognized option '--cache-size=100'. Write the value as a word of its own: --cache-size 100\n"}},
		"stray word":                {[]string{"serve", "now"}, []string{"Unexpected positional parameter 'now' (did you forget the option name, or forget to quote a parameter list?)."}},
		"missing value":             {[]string{"--cache-size"}, []string{"Error in the command line: Option '--cache-size' is missing its parameter.\nUsage:\n  --cache-size mb"}},
		"option in place of value":  {[]string{"-d", "-o", "1"}, []string{"Option '-d' is missing its parameter."}},
		"given twice":               {[]string{"-d", "a", "--directory", "b"}, []string{"Error in the command line: Option '--directory' specified too many times."}},
		"flag given twice":          {[]string{"--daemon", "--daemon"}, []string{"Option '--daemon' specified too many times."}},
		"not a number":              {[]string{"--driver-port", "x"}, []string{"Option '--driver-port' (with value 'x') not a valid integer."}},
		"no such port":              {[]string{"--driver-port", "65000", "-o", "600"}, []string{"The port 65600 (--driver-port with --port-offset 600) does not exist."}},
		"cores":                     {[]string{"-c", "0"}, []string{"ERROR: number specified for cores to use must be between 1 and 2000000000"}},
		"io threads":                {[]string{"--io-threads", "0"}, []string{"ERROR: io-threads must be between 1 and 1000000"}},
		"cache size":                {[]string{"--cache-size", "lots"}, []string{"ERROR: cache-size should be a number or 'auto', got 'lots'"}},
		"join delay":                {[]string{"--join-delay", "soon"}, []string{"ERROR: join-delay should be a number, got 'soon'"}},
		"query timeout":             {[]string{"--query-timeout", "1m"}, []string{"ERROR: query-timeout should be a number that is not negative, got '1m'"}},
		"long query timeout":        {[]string{"--query-timeout", "1e9"}, []string{"ERROR: query-timeout is too large. Must be at most 2592000"}},
		"query memory":              {[]string{"--query-memory", "0"}, []string{"ERROR: query-memory should be a number from 1 to 1073741824, got '0'"}},
		"slow query log":            {[]string{"--slow-query-log", "-1"}, []string{"Option '--slow-query-log' is missing its parameter."}},
		"server name":               {[]string{"create", "-n", "a b"}, []string{"server-name 'a b' is invalid.  (Use A-Z, a-z, 0-9, _ and - only)"}},
		"server tag":                {[]string{"create", "-t", "a.b"}, []string{"--server_tag a.b is invalid. (Use A-Z, a-z, 0-9, _ and - only)"}},
		"bind text":                 {[]string{"--bind", "foo"}, []string{"bind ip address 'foo' could not be parsed: Could not parse IP address from string: 'foo'."}},
		"bind elsewhere":            {[]string{"--bind", "192.0.2.1"}, []string{"Could not find bind ip address '192.0.2.1'."}},
		"nothing to bind":           {[]string{"--no-default-bind"}, []string{"No local addresses found to bind to."}},
		"network for r.http":        {[]string{"--http-client-allow", "here"}, []string{"Option '--http-client-allow' is not valid: 'here' is neither a network such as 10.1.0.0/16 nor an address.", "For example --http-client-allow 127.0.0.0/8"}},
		"protected mode":            {[]string{"--protected-mode", "maybe"}, []string{"Option '--protected-mode' is not valid: 'maybe' is none of private, strict, off."}},
		"network for drivers":       {[]string{"--driver-allow", "10.0.0.0/99"}, []string{"Option '--driver-allow' is not valid: '10.0.0.0/99' is neither a network such as 10.1.0.0/16 nor an address."}},
		"proxy to trust":            {[]string{"--trusted-proxy", "proxy"}, []string{"Option '--trusted-proxy' is not valid: 'proxy' is neither"}},
		"connections":               {[]string{"--connections-per-user", "-1"}, []string{"Option '--connections-per-user' is missing its parameter."}},
		"connections in words":      {[]string{"--connections-per-user", "many"}, []string{"Option '--connections-per-user' (with value 'many') not a valid integer"}},
		"JavaScript":                {[]string{"--javascript", "none"}, []string{"Option '--javascript' is not valid: 'none' is none of all, admin, off."}},
		"user":                      {[]string{"--runuser", "nobody-of-that-name"}, []string{"User 'nobody-of-that-name' not found:"}},
		"group":                     {[]string{"--rungroup", "nobody-of-that-name"}, []string{"Group 'nobody-of-that-name' not found:"}},
		"TLS key alone":             {[]string{"--driver-tls-key", "k"}, []string{"--driver-tls-key and --driver-tls-cert must be specified together."}},
		"web TLS key alone":         {[]string{"--http-tls-key", "k"}, []string{"--http-tls-key and --http-tls-cert must be specified together."}},
		"TLS authority alone":       {[]string{"--driver-tls-ca", "k"}, []string{"--driver-tls-key and --driver-tls-cert must be specified if --driver-tls-ca is specified."}},
		"TLS version":               {[]string{"--tls-min-protocol", "SSLv3"}, []string{"Unrecognized TLS protocol version 'SSLv3'."}},
		"TLS curve":                 {[]string{"--tls-ecdh-curve", "round"}, []string{"No elliptic curve found corresponding to name 'round'."}},
		"TLS ciphers":               {[]string{"--tls-ciphers", "RC4"}, []string{"The TLS cipher suite 'RC4' is not known, or is not secure."}},
		"TLS between servers":       {[]string{"--cluster-tls-key", "k"}, []string{"--cluster-tls-key, --cluster-tls-cert, and --cluster-tls-ca must be specified together."}},
		"TLS of the command line":   {[]string{"admin", "--cluster-tls-ca", "k", "ls"}, []string{"--cluster-tls-key, --cluster-tls-cert, and --cluster-tls-ca must be specified together."}},
		"a fingerprint":             {[]string{"admin", "--fingerprint", "SHA256:x", "ls"}, []string{"Option '--fingerprint' is not valid: 'SHA256:x' is no fingerprint"}},
		"join of no host":           {[]string{"-j", ":29015"}, []string{"Option '--join' has invalid host and port format ':29015'."}},
		"join token":                {[]string{"--join-token", "rdbjoin1_x"}, []string{"The join token cannot be used: it is no join token, or not the whole of it;"}},
		"join token's file":         {[]string{"--join-token", missing}, []string{"Could not read the join token in '" + missing + "':"}},
		"proxy":                     {[]string{"proxy"}, []string{"Error in command line: Option '--join' must be specified."}},
		"admin of nobody":           {[]string{"admin", "-j", "127.0.0.1:1", "ls"}, []string{"failed to join cluster", "127.0.0.1:1: "}},
		"admin of no host":          {[]string{"admin", "--join", ":29015", "ls"}, []string{"Option '--join' has invalid host and port format ':29015'."}},
		"admin with an offset":      {[]string{"admin", "--port-offset", "70000", "ls"}, []string{"The port 99015 (--cluster-port with --port-offset 70000) does not exist."}},
		"admin's option":            {[]string{"admin", "--cores", "2"}, []string{"Unrecognized option '--cores'.", "Run 'rethinkdb help admin' for help on the command"}},
		"admin's half option":       {[]string{"admin", "ls", "--join"}, []string{"Option '--join' is missing its parameter."}},
		"admin's password file":     {[]string{"admin", "--password-file", missing, "ls"}, []string{"Could not read the password file '" + missing + "':"}},
		"unknown command":           {[]string{"bogus"}, []string{"ERROR: Unrecognized subcommand 'bogus'. Try 'rethinkdb help'."}},
		"help for nothing":          {[]string{"help", "bogus"}, []string{"ERROR: No help for 'bogus'."}},
		"too much help":             {[]string{"help", "a", "b"}, []string{"ERROR: Too many parameters to 'rethinkdb help'.  Try 'rethinkdb help [subcommand]'."}},
		"no directory":              {[]string{"serve", "-d", missing}, []string{"The directory '" + missing + "' does not exist, run 'rethinkdb create -d \"" + missing + "\"' and try again."}},
		"create over files":         {[]string{"create", "-d", nonempty}, []string{"The path '" + nonempty + "' already exists.  Delete it and try again."}},
		"directory is a file":       {[]string{"-d", filepath.Join(nonempty, "file")}, []string{"it is a file. Choose another path with --directory."}},
		"pid file exists":           {[]string{"--pid-file", filepath.Join(nonempty, "file")}, []string{"The pid-file specified already exists. This might mean that an instance is already running."}},
		"pid file nowhere":          {[]string{"--pid-file", filepath.Join(missing, "pid")}, []string{"Cannot access the pid-file directory."}},
		"no config file":            {[]string{"--config-file", missing}, []string{"Trouble reading config file '" + missing + "'."}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			status, stdout, stderr := say(test.words...)
			if status != 1 || stdout != "" {
				t.Errorf("exit status %d and %q on stdout, want 1 and nothing", status, stdout)
			}
			for _, part := range test.want {
				if !strings.Contains(stderr, part) {
					t.Errorf("stderr is\n%s\nwithout\n%s", stderr, part)
				}
			}
			if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v %v", left, err)
			}
		})
	}
}

func TestHelpAndVersion(t *testing.T) {
	for _, words := range [][]string{{"help"}, {"--help"}, {"-h"}, {"help", "serve"}, {"help", "create"}, {"help", "proxy"}, {"serve", "--help"}, {"create", "-h"}, {"--bind", "all", "--help"}} {
		status, stdout, stderr := say(words...)
		if status != 0 || stderr != "" || !strings.Contains(stdout, "--config-file") {
			t.Errorf("%q: exit status %d, stderr %q, stdout\n%s", words, status, stderr, stdout)
		}
		for _, line := range strings.Split(stdout, "\n") {
			if len(line) > helpWidth {
				t.Errorf("%q: a line of %d columns: %s", words, len(line), line)
			}
		}
	}
	for _, words := range [][]string{{"help", "admin"}, {"admin", "--help"}, {"admin", "ls", "-h"}} {
		status, stdout, stderr := say(words...)
		if status != 0 || stderr != "" || !strings.Contains(stdout, "--password-file") || !strings.Contains(stdout, "  set auth <KEY>            set the") {
			t.Errorf("%q: exit status %d, stderr %q, stdout\n%s", words, status, stderr, stdout)
		}
		for _, line := range strings.Split(stdout, "\n") {
			if len(line) > helpWidth {
				t.Errorf("%q: a line of %d columns: %s", words, len(line), line)
			}
		}
	}
	if status, stdout, _ := say("admin", "help", "unset", "auth"); status != 0 || !strings.HasPrefix(stdout, "INFO\n    rethinkdb admin unset auth - ") {
		t.Errorf("help for a command of admin: exit status %d, stdout\n%s", status, stdout)
	}
	for _, words := range [][]string{{"--version"}, {"-v"}, {"serve", "-v"}} {
		status, stdout, _ := say(words...)
		if status != 0 || !strings.HasPrefix(stdout, "rethinkdb 2.4.4 (") || strings.Count(stdout, "\n") != 2 {
			t.Errorf("%q: exit status %d, stdout %q", words, status, stdout)
		}
	}
}

func TestEveryOptionIsDescribed(t *testing.T) {
	for _, o := range options {
		if o.section != unlistedSection && o.help == "" {
			t.Errorf("%s has no help", o.long)
		}
	}
}

func TestConfigFile(t *testing.T) {
	text := `# a comment
  directory = /data   # another
bind=all
bind = 10.0.0.1
no-http-admin
server-name=x
initial-password = a b
`
	s, ignored, err := parseConfig(text, "F", serve)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.one("--directory"); got != "/data" {
		t.Errorf("directory is %q", got)
	}
	if got := s.all("--bind"); len(got) != 2 || got[1] != "10.0.0.1" {
		t.Errorf("bind is %q", got)
	}
	if !s.has("--no-http-admin") || s.one("--initial-password") != "a b" {
		t.Errorf("settings are %v", s)
	}
	if len(ignored) != 1 || ignored[0] != "server-name" {
		t.Errorf("ignored are %q", ignored)
	}
	for name, test := range map[string]struct{ line, want string }{
		"unknown name":    {"bogus", ": unrecognized option name 'bogus'"},
		"short name":      {"d=/data", ": unrecognized option name 'd'"},
		"no name":         {"=5", ""},
		"no equal sign":   {"bind all", ""},
		"no value":        {"bind=", ": no parameter for option 'bind'"},
		"value of a flag": {"daemon=true", ": unexpected data after no-parameter option 'daemon'"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := parseConfig("\n"+test.line, "F", serve)
			want := "Error in the configuration file F: Config file F: parse error at line 1" + test.want
			if err == nil || err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}

func TestCommandLineReplacesTheFile(t *testing.T) {
	path := write(t, "conf", "bind=10.0.0.1\nbind=10.0.0.2\nport-offset=5\nserver-name=x\n")
	var warnings bytes.Buffer
	s, err := readSettings([]string{"--config-file", path, "--bind", "all"}, serve, &warnings)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.all("--bind"); len(got) != 1 || got[0] != "all" {
		t.Errorf("bind is %q", got)
	}
	if s.one("--port-offset") != "5" || s.one("--driver-port") != "28015" {
		t.Errorf("settings are %v", s)
	}
	want := "Warning: The following options are not used by this invocation of rethinkdb and will be ignored: server-name\n"
	if warnings.String() != want {
		t.Errorf("warned %q", warnings.String())
	}
}

func TestAddresses(t *testing.T) {
	local := []netip.Addr{netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1"), netip.MustParseAddr("fe80::1")}
	for name, test := range map[string]struct {
		own, general []string
		noDefault    bool
		all          bool
		want         string
	}{
		"nothing said":             {want: "127.0.0.1, ::1"},
		"added to loopback":        {general: []string{"10.1.2.3"}, want: "10.1.2.3, 127.0.0.1, ::1"},
		"own in place of general":  {own: []string{"10.1.2.3"}, general: []string{"all"}, want: "10.1.2.3, 127.0.0.1, ::1"},
		"all":                      {general: []string{"all"}, all: true, want: "10.1.2.3, 127.0.0.1, ::1, fe80::1"},
		"unspecified is all":       {general: []string{"0.0.0.0"}, all: true, want: "10.1.2.3, 127.0.0.1, ::1, fe80::1"},
		"unspecified 6 is all":     {general: []string{"::"}, all: true, want: "10.1.2.3, 127.0.0.1, ::1, fe80::1"},
		"without loopback":         {general: []string{"10.1.2.3"}, noDefault: true, want: "10.1.2.3"},
		"other loopback":           {general: []string{"127.0.0.5"}, noDefault: true, want: "127.0.0.5"},
		"link-local with its zone": {general: []string{"fe80::1%eth0"}, noDefault: true, want: "fe80::1%eth0"},
		"twice":                    {general: []string{"127.0.0.1", "127.0.0.1"}, want: "127.0.0.1, ::1"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := chooseAddresses(test.own, test.general, test.noDefault, local)
			if err != nil {
				t.Fatal(err)
			}
			if a.All != test.all || a.String() != test.want {
				t.Errorf("got %v (all: %v), want %s (all: %v)", a, a.All, test.want, test.all)
			}
		})
	}
}

func TestGeneratedServerName(t *testing.T) {
	a, err := settings{}.serverName()
	if err != nil {
		t.Fatal(err)
	}
	if !validName(a) || a[len(a)-4] != '_' {
		t.Errorf("name is %q", a)
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add("bind=all\n# x\n daemon")
	f.Fuzz(func(t *testing.T, text string) {
		s, _, err := parseConfig(text, "F", porcelain)
		if err != nil {
			return
		}
		for long, v := range s {
			if find(long, porcelain) == nil || len(v.list) == 0 {
				t.Errorf("%q gave %q: %q", text, long, v.list)
			}
		}
	})
}

func TestServersThatAdminJoins(t *testing.T) {
	for line, want := range map[string]string{
		"ls":                              "localhost:29015",
		"-o 10 ls":                        "localhost:29025",
		"ls --cluster-port 4000":          "localhost:4000",
		"--cluster-port 4000 -o 1 ls":     "localhost:4001",
		"-j db1 -j db2:5000 -j [fd00::1]": "db1:29015 db2:5000 [fd00::1]:29015",
		"-j db1 -j db2:5000 -o 10":        "db1:29025 db2:5000",
	} {
		s, _, err := parseMixed(strings.Fields(line), administration)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if got, err := s.joins(); err != nil || strings.Join(got, " ") != want {
			t.Errorf("admin %s joins %v (%v), want %s", line, got, err, want)
		}
	}
}

func TestSecretsAreMasked(t *testing.T) {
	for line, want := range map[string]string{
		"rethinkdb serve --initial-password sesame -d x":         "rethinkdb serve --initial-password (hidden) -d x",
		"rethinkdb --initial-password auto":                      "rethinkdb --initial-password auto",
		"rethinkdb --initial-password":                           "rethinkdb --initial-password",
		"rethinkdb admin --join auth set auth --join x sesame":   "rethinkdb admin --join auth (hidden) (hidden) (hidden) (hidden) (hidden)",
		"rethinkdb admin -j x set auth sesame":                   "rethinkdb admin -j x set auth (hidden)",
		"rethinkdb admin unset auth":                             "rethinkdb admin unset auth",
		"rethinkdb serve -d auth":                                "rethinkdb serve -d auth",
		"rethinkdb serve --encryption-key-command sesame -o 1":   "rethinkdb serve --encryption-key-command (hidden) -o 1",
		"rethinkdb serve --encryption-key-file sesame":           "rethinkdb serve --encryption-key-file sesame",
		"rethinkdb create --directory auth --server-name sesame": "rethinkdb create --directory auth --server-name sesame",
	} {
		words := strings.Fields(line)
		if got := strings.Join(maskSecrets(words), " "); got != want {
			t.Errorf("%s\nbecame %s, want %s", line, got, want)
		}
	}
	if got := hideSecrets([]string{"rethinkdb", "admin", "set", "auth", "sesame"}); got[4] != "sesame" {
		t.Errorf("the words are %q", got)
	}
}
