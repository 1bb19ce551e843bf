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
	const askPlacement = "Tables have one shard with one replica on this server in this version"
	for line, want := range map[string]string{
		"bogus":                                 "unknown command: bogus",
		"set bogus":                             "unknown command: set bogus",
		"set":                                   "incomplete command\nusage: set auth <KEY>\n\tset auth -\n",
		"set auth":                              "insufficient positional parameters provided\nusage: set auth <KEY>",
		"set auth a b":                          "too many positional arguments\nusage: set auth <KEY>",
		"unset auth key":                        "too many positional arguments\nusage: unset auth",
		"ls tables --short":                     "unrecognized flag: --short\nusage: ls tables [--long]",
		"create table t":                        "required flag not specified: --database\nusage: create table <NAME> --database <DATABASE>",
		"create table t --database":             "not enough arguments provided for flag: --database",
		"create table t? --database d":          "table name invalid. (Use A-Z, a-z, 0-9, _ and - only): t?",
		"create database d?":                    "invalid database name.  (Use A-Z, a-z, 0-9, _ and - only)",
		"set durability t":                      "exactly one of '--soft' or '--hard' must be specified",
		"set durability t --soft --hard":        "exactly one of '--soft' or '--hard' must be specified",
		"set auth ''":                           "the authentication key is empty; use unset auth",
		"set auth " + strings.Repeat("x", 2049): "the provided authorization key is too long, max length: 2048",
		"resolve auth":                          "value is not in conflict",
		"help bogus":                            "unknown command: bogus",
		"help set bogus":                        "unrecognized subcommand: set bogus",
		"complete":                              "insufficient positional parameters provided",
		"complete ls":                           "incomplete command\nusage: rethinkdb admin complete (partial | full) <WORD>...",
		"split shard t m":                       askPlacement,
		"merge shard t m":                       askPlacement,
		"pin shard t -inf":                      askPlacement,
		"set primary t d":                       askPlacement,
		"set replicas t 2":                      askPlacement,
		"set acks t 2":                          "set durability",
		"create datacenter":                     "use set datacenter <MACHINE> <NAME>",
		"rm machine m":                          "stop it instead",
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
		if err := NewShell(nil, nil, &out).Run(append([]string{"help"}, c.words...)); err != nil || !strings.Contains(out.String(), c.usages()[0]) {
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
