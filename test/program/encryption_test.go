//go:build integration

package program

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"rethinkdb/test/harness"
)

// newKeyFile makes a key as an operator does.
func newKeyFile(t *testing.T) string {
	t.Helper()
	key := make([]byte, 32)
	rand.Read(key)
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(hex.EncodeToString(key)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// words are what users, and the server itself, write in all kinds of places.
var words = []string{"PRIVATE KEY", "dbQuokka", "tableNumbat", "indexBilby", "userWombat", "valueKoala", "keyPotoroo", "fieldDingo", "largeEmu"}

// writeWords writes all words and kills the server, so that some of them are only in the engine's log.
func writeWords(t *testing.T, s *harness.Server) {
	t.Helper()
	c, err := harness.Dial(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	do := func(term any) {
		t.Helper()
		if _, err := c.Run(term); err != nil {
			t.Fatal(err)
		}
	}
	db := harness.Term(harness.DB, "dbQuokka")
	table := harness.Term(harness.Table, db, "tableNumbat")
	do(harness.Term(harness.DBCreate, "dbQuokka"))
	do(harness.Term(harness.TableCreate, db, "tableNumbat"))
	for n := range 20 {
		var rows []any
		for i := range 100 {
			rows = append(rows, map[string]any{"id": fmt.Sprintf("keyPotoroo%d-%d", n, i), "fieldDingo": fmt.Sprintf("valueKoala%d", i)})
		}
		do(harness.Term(harness.Insert, table, harness.Term(2, rows...)))
	}
	do(harness.Term(harness.Insert, table, map[string]any{"id": 1, "large": strings.Repeat("largeEmu", 50_000)}))
	do(harness.Term(harness.IndexCreate, table, "indexBilby", harness.Term(harness.Func, harness.Term(2, 1), harness.Term(harness.Bracket, harness.Term(10, 1), "fieldDingo"))))
	do(harness.Term(harness.IndexWait, table))
	do(harness.Term(harness.Insert, harness.Term(harness.Table, harness.Term(harness.DB, "rethinkdb"), "users"), map[string]any{"id": "userWombat", "password": "passwordTapir"}))
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
}

// wantRows checks that a server has what writeWords has written.
func wantRows(t *testing.T, s *harness.Server) {
	t.Helper()
	c, err := harness.Dial(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var n int
	err = c.One(harness.Term(harness.Count, harness.Term(harness.Between, harness.Term(harness.Table, harness.Term(harness.DB, "dbQuokka"), "tableNumbat"),
		harness.Term(harness.MinVal), harness.Term(harness.MaxVal))), &n)
	if err != nil || n != 2001 {
		t.Errorf("%d rows, %v", n, err)
	}
}

// legible returns the words that can be read in the files of a data directory, but for the log.
func legible(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() == "log_file" {
			return err
		}
		data, err := os.ReadFile(path)
		for _, word := range words {
			if strings.Contains(string(data), word) && !slices.Contains(found, word) {
				found = append(found, word)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestEncryptedDirectoryTellsNothing looks for what users have written, after a kill, while a server runs, and after it has stopped. In a
// directory that is not encrypted all of it is found.
func TestEncryptedDirectoryTellsNothing(t *testing.T) {
	key := newKeyFile(t)
	for _, options := range [][]string{nil, {"--encryption-key-file", key}} {
		s := harness.Start(t, "", options...)
		identity := adminAt(t, clusterAddr(s), "", "ls", "key")
		writeWords(t, s)
		if got := legible(t, s.Dir); options == nil && len(got) != len(words) {
			t.Errorf("the search finds only %q", got)
		}
		check := func(when string) {
			t.Helper()
			if got := legible(t, s.Dir); options != nil && len(got) > 0 {
				t.Errorf("%s: %q can be read", when, got)
			}
		}
		check("after a kill")
		s = harness.StartCommand(t, "serve", s.Dir, options...)
		wantRows(t, s)
		if got := adminAt(t, clusterAddr(s), "", "ls", "key"); got != identity || got.status != 0 {
			t.Errorf("options %q: the key of the intracluster port %v became %v", options, identity, got)
		}
		check("while it runs")
		stop(t, s, syscall.SIGTERM)
		check("after a stop")
	}
}

func TestKeysThatDoNotFit(t *testing.T) {
	key, other := newKeyFile(t), newKeyFile(t)
	encrypted, plain := newDir(t), newDir(t)
	for _, c := range [][]string{{encrypted, "--encryption-key-file", key}, {plain}} {
		if got := run(t, append([]string{"create", "-d"}, c...)...); got.status != 0 {
			t.Fatalf("create: %+v", got)
		}
	}
	inside := filepath.Join(encrypted, "key")
	text, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(inside, text, 0o600); err != nil {
		t.Fatal(err)
	}
	open := filepath.Join(t.TempDir(), "open")
	if err := os.WriteFile(open, text, 0o644); err != nil {
		t.Fatal(err)
	}
	weak := filepath.Join(t.TempDir(), "weak")
	if err := os.WriteFile(weak, []byte("a password of mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		dir     string
		options []string
		want    string
	}{
		{encrypted, nil, "Give the key with --encryption-key-file or --encryption-key-command."},
		{encrypted, []string{"--encryption-key-file", other}, "it needs the key with the id "},
		{encrypted, []string{"--encryption-key-file", inside}, "lies in the data directory"},
		{encrypted, []string{"--encryption-key-file", open}, "run 'chmod 600 " + open + "'"},
		{encrypted, []string{"--encryption-key-file", weak}, "openssl rand -hex 32"},
		{encrypted, []string{"--encryption-key-file", key + "x"}, "no such file or directory"},
		{encrypted, []string{"--encryption-key-command", "exit 1"}, "The command of --encryption-key-command gave no key: exit status 1"},
		{encrypted, []string{"--encryption-key-file", key, "--encryption-key-command", "cat " + key}, "cannot be specified together"},
		{encrypted, []string{"--old-encryption-key-file", key}, "only together with the new one"},
		{plain, []string{"--encryption-key-file", key}, "rethinkdb reencrypt"},
	} {
		before := contents(t, c.dir)
		got := run(t, append(append([]string{"serve", "-d", c.dir}, freePorts...), c.options...)...)
		if got.status != 1 || !strings.Contains(got.stderr, c.want) {
			t.Errorf("%q: %+v", c.options, got)
		}
		if contents(t, c.dir) != before {
			t.Errorf("%q: the directory was changed", c.options)
		}
	}
}

// contents is all that is in a directory but the log.
func contents(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() == "log_file" {
			return err
		}
		data, err := os.ReadFile(path)
		fmt.Fprintf(&all, "%s %q\n", path, data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// TestKeysComeAndGo walks the way of a directory that is encrypted, gets another key, is written anew, and is decrypted: the steps
// of docs/security.md.
func TestKeysComeAndGo(t *testing.T) {
	first, second := newKeyFile(t), newKeyFile(t)
	s := harness.Start(t, "")
	identity := adminAt(t, clusterAddr(s), "", "ls", "key")
	writeWords(t, s)
	dir := s.Dir
	reencrypt := func(want string, options ...string) {
		t.Helper()
		if got := run(t, append([]string{"reencrypt", "-d", dir}, options...)...); got.status != 0 || !strings.Contains(got.stdout, want) {
			t.Fatalf("reencrypt %q: %+v", options, got)
		}
	}
	restart := func(options ...string) {
		t.Helper()
		s := harness.StartCommand(t, "serve", dir, options...)
		wantRows(t, s)
		if got := adminAt(t, clusterAddr(s), "", "ls", "key"); got != identity {
			t.Errorf("options %q: the key of the intracluster port %v became %v", options, identity, got)
		}
		stop(t, s, syscall.SIGTERM)
	}
	wantLegible := func(want bool) {
		t.Helper()
		if got := legible(t, dir); (len(got) > 0) != want {
			t.Errorf("%q can be read", got)
		}
	}
	wantLegible(true)
	reencrypt("are encrypted with a new data key", "--encryption-key-file", first)
	restart("--encryption-key-file", first)
	wantLegible(false)
	rotate := []string{"--encryption-key-file", second, "--old-encryption-key-file", first, "--audit-log", filepath.Join(t.TempDir(), "audit")}
	restart(rotate...)
	restart(rotate...)
	if audit, err := os.ReadFile(rotate[5]); err != nil || strings.Count(string(audit), "replace_encryption_key") != 1 {
		t.Errorf("the audit log says %s, %v", audit, err)
	}
	if got := run(t, "serve", "-d", dir, "--encryption-key-file", first); got.status != 1 || !strings.Contains(got.stderr, "another key") {
		t.Errorf("with the old key: %+v", got)
	}
	if got := run(t, "security-check", "-d", dir, "--encryption-key-file", first, "--old-encryption-key-file", second); !strings.Contains(got.stdout, "28015") {
		t.Errorf("security-check: %+v", got)
	}
	restart("--encryption-key-command", "cat "+second)
	reencrypt("are encrypted with a new data key", "--encryption-key-command", "cat "+second)
	wantLegible(false)
	restart("--encryption-key-file", second)
	reencrypt("is not encrypted any more", "--encryption-key-file", second, "--decrypt")
	wantLegible(true)
	restart()
	if got := run(t, "reencrypt", "-d", dir); got.status != 1 || !strings.Contains(got.stderr, "reencrypt needs a key") {
		t.Errorf("without a key: %+v", got)
	}
}

// TestReencryptWantsAStoppedServer: both would write the same files.
func TestReencryptWantsAStoppedServer(t *testing.T) {
	key := newKeyFile(t)
	s := harness.Start(t, "", "--encryption-key-file", key)
	if got := run(t, "reencrypt", "-d", s.Dir, "--encryption-key-file", key); got.status != 1 || !strings.Contains(got.stderr, "is already in use") {
		t.Errorf("%+v", got)
	}
}

// TestKeyOfRoot: the key may be one that the user of the server cannot read, and what that user could not read afterwards is not
// written. Who is not root has nothing to give up.
func TestKeyOfRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		return
	}
	key := newKeyFile(t)
	parent := t.TempDir()
	for dir := parent; dir != filepath.Clean(os.TempDir()); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o711); err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Join(parent, "data")
	if got := run(t, "create", "-d", dir, "--runuser", "nobody", "--encryption-key-file", key); got.status != 0 {
		t.Fatalf("create: %+v", got)
	}
	if got := run(t, "reencrypt", "-d", dir, "--encryption-key-file", key); got.status != 1 || !strings.Contains(got.stderr, "--runuser") {
		t.Errorf("reencrypt as root: %+v", got)
	}
	if got := run(t, "reencrypt", "-d", dir, "--encryption-key-file", key, "--runuser", "nobody"); got.status != 0 {
		t.Errorf("reencrypt as nobody: %+v", got)
	}
	s := harness.StartCommand(t, "serve", dir, "--encryption-key-file", key, "--runuser", "nobody")
	stop(t, s, syscall.SIGTERM)
}
