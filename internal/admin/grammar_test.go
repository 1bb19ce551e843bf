package admin

import (
	"slices"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	for line, want := range map[string][]string{
		"":                             nil,
		"  \t\r\n":                     nil,
		"set auth key":                 {"set", "auth", "key"},
		`set auth "two words"`:         {"set", "auth", "two words"},
		`set auth 'it is "quoted"'`:    {"set", "auth", `it is "quoted"`},
		`set auth two\ words`:          {"set", "auth", "two words"},
		`set auth "a \"quote\" in it"`: {"set", "auth", `a "quote" in it`},
		`a\\b c\d \`:                   {`a\b`, `c\d`, `\`},
		`one"two"three ''`:             {"onetwothree", ""},
		"set name größe ü":             {"set", "name", "größe", "ü"},
	} {
		if got, err := split(line); err != nil || !slices.Equal(got, want) {
			t.Errorf("split(%q) = %q, %v; want %q", line, got, err, want)
		}
	}
	for _, line := range []string{`set auth "key`, `it's`, `"\"`} {
		if got, err := split(line); err == nil || err.Error() != "unmatched quote" {
			t.Errorf("split(%q) = %q, %v", line, got, err)
		}
	}
}

// A command that is written wrong is told before anything is asked of a server.
func TestMistakes(t *testing.T) {
	for line, want := range map[string]string{
		"bogus":                                 "unknown command: bogus",
		"set bogus":                             "incomplete command\nusage: \tset auth <KEY>\n\tset auth -\n\tset password",
		"set":                                   "incomplete command\nusage: \tset auth <KEY>\n\tset auth -\n",
		"set auth":                              "insufficient positional parameters provided\nusage: \tset auth <KEY>",
		"set auth a b":                          "too many positional arguments\nusage: \tset auth <KEY>",
		"ls issues --long":                      "unrecognized flag: --long\nusage: \tls issues",
		"ls --short":                            "unrecognized flag: --short\nusage: \tls [<ID> | --long]\n\tls machines [--long]\n",
		"unset auth key":                        "too many positional arguments\nusage: \tunset auth",
		"ls tables --short":                     "unrecognized flag: --short\nusage: \tls tables [--long]",
		"create table t":                        "required flag not specified: database\nusage: \tcreate table <NAME> --database <DATABASE>",
		"create table t --database":             "not enough arguments provided for flag: --database",
		"create table t? --database d":          "table name invalid. (Use A-Z, a-z, 0-9, _ and - only): t?",
		"create database d?":                    "invalid database name.  (Use A-Z, a-z, 0-9, _ and - only)",
		"set durability t":                      "exactly one of '--soft' or '--hard' must be specified",
		"set durability t --soft --hard":        "exactly one of '--soft' or '--hard' must be specified",
		"set auth ''":                           "the authentication key is empty; use unset auth",
		"set auth " + strings.Repeat("x", 2049): "the provided authorization key is too long, max length: 2048",
		"resolve auth":                          "value is not in conflict",
		"help bogus":                            "unknown command: bogus",
		"help set bogus":                        "unrecognized subcommand: bogus\nusage: \thelp [",
		"complete":                              "insufficient positional parameters provided",
		"complete ls":                           "usage: rethinkdb admin complete ( partial | full ) [...]",
		"split shard t m":                       placement,
		"merge shard t m":                       placement,
		"pin shard t -inf":                      placement,
		"set primary t d":                       placement,
		"set replicas t 2":                      placement,
		"set acks t 2":                          "acknowledged by a majority of the voting replicas; what a write to a single replica waits for is changed with set durability",
		"create datacenter":                     "use set datacenter <MACHINE> <NAME>",
		"rm machine":                            "insufficient positional parameters provided",
		"set database t d":                      "copy the documents",
	} {
		words, err := split(line)
		if err != nil {
			t.Fatal(err)
		}
		if err := NewShell(nil, nil, &strings.Builder{}).Run(words); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want: %s", line, err, want)
		}
	}
}

func TestEveryCommandIsDescribed(t *testing.T) {
	for _, c := range commands {
		if len(c.usage) == 0 || (c.run == nil) != (c.instead != "") || (c.run == nil) != (c.about == "") {
			t.Errorf("%s is not described, or both does something and does not", c.name())
		}
		var out strings.Builder
		if err := NewShell(nil, nil, &out).Run(append([]string{"help"}, c.words...)); err != nil || !strings.Contains(strings.Join(strings.Fields(out.String()), " "), c.usages()[0]) {
			t.Errorf("help %s: %v\n%s", c.name(), err, out.String())
		}
	}
}

func TestCompletion(t *testing.T) {
	s := NewShell(nil, nil, &strings.Builder{}) // the server is asked for names only
	for _, c := range []struct {
		before  string
		partial string
		want    string
	}{
		{"", "u", "unset"},
		{"", "x", ""},
		{"unset", "", "auth datacenter primary"},
		{"ls tables", "", "--long"},
		{"ls tables --long", "", ""},
		{"create database", "", ""},
		{"bogus", "", ""},
	} {
		if got := strings.Join(s.candidates(strings.Fields(c.before), c.partial), " "); got != c.want {
			t.Errorf("after %q, %q: %s; want %s", c.before, c.partial, got, c.want)
		}
	}
}

func TestColumns(t *testing.T) {
	if got := (columns{{"uuid", "name"}}).String(); got != "" {
		t.Errorf("a table without rows is %q", got)
	}
	got := columns{{"uuid", "name"}, {"none", "größer"}, {"12345678", "b"}}.String()
	if want := "uuid      name\nnone      größer\n12345678  b\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// Help has the sections of RethinkDB's, on the command line and in the console.
func TestHelp(t *testing.T) {
	const description = `
DESCRIPTION
    PREFIXunset datacenter <MACHINE>
        Take a server's tags away, except default.

OPTIONS
`
	for _, c := range []struct {
		console      bool
		prefix, want string
	}{
		{false, "rethinkdb admin <ADMIN-OPTIONS> ", `INFO
    rethinkdb admin unset datacenter - take a server's tags away, except default

COMMANDS
    PREFIXunset datacenter <MACHINE>
` + description + `    <ADMIN-OPTIONS>
        -j,--join <HOST>:<PORT>
            the server, by its intracluster port (default localhost:29015);
            'rethinkdb help admin' has the others

    <MACHINE>
        a server, by its name or identifier
`},
		{true, "", `INFO
    unset datacenter - take a server's tags away, except default

COMMANDS
    PREFIXunset datacenter <MACHINE>
` + description + `    <MACHINE>
        a server, by its name or identifier
`},
	} {
		var out strings.Builder
		s := NewShell(nil, nil, &out)
		s.console = c.console
		if err := s.Run([]string{"help", "unset", "datacenter"}); err != nil {
			t.Fatal(err)
		}
		if want := strings.ReplaceAll(c.want, "PREFIX", c.prefix); out.String() != want {
			t.Errorf("console %v: got\n%s\nwant\n%s", c.console, out.String(), want)
		}
	}
	var out strings.Builder
	if err := NewShell(nil, nil, &out).Run([]string{"--help", "touch"}); err != nil || !strings.Contains(out.String(), "rethinkdb admin touch - ") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestMarksOnATerminal(t *testing.T) {
	p := page{terminal: true, width: 40}
	p.title("COMMANDS")
	p.usage(helpIndent, "set name <ID> <NEW-NAME> [<WORD>...] and more")
	want := "\x1b[1mCOMMANDS\x1b[0m\n    set name \x1b[1;4m<ID>\x1b[0m \x1b[1;4m<NEW-NAME>\x1b[0m [\x1b[1;4m<WORD>\x1b[0m...]\n      and more\n"
	if got := p.text.String(); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

// A line with an authentication key cannot be fetched again.
func TestHistoryHoldsNoKeys(t *testing.T) {
	for line, want := range map[string]bool{
		"set auth key": true, "  set   auth 'a key'": true, "set auth": false, "set auth -": false, "unset auth": false, "ls auth": false, "set name a b": false,
	} {
		if holdsKey(line) != want {
			t.Errorf("holdsKey(%q) = %v", line, !want)
		}
	}
}
