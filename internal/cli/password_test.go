package cli

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rethinkdb/internal/admin"
)

func TestReadPassword(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		name, path, input, want, failure string
	}{
		{"a line", file("line", "open sesame\n"), "", "open sesame", ""},
		{"a line of Windows", file("windows", "sesame\r\n"), "", "sesame", ""},
		{"no end", file("end", " sesame "), "", " sesame ", ""},
		{"nothing", file("empty", "\n"), "", "", "has no password in it"},
		{"too much", file("large", strings.Repeat("x", maxPasswordFileBytes+1)), "", "", "or is no such file"},
		{"no file", filepath.Join(dir, "none"), "", "", "no such file or directory. Check its name"},
		{"standard input", "-", "sesame\nls\n", "sesame", ""},
		{"closed standard input", "-", "", "", "There is no password on the standard input"},
	} {
		got, err := readPassword(c.path, "", admin.NewPipe(strings.NewReader(c.input)))
		if got != c.want || (err == nil) != (c.failure == "") || err != nil && !strings.Contains(err.Error(), c.failure) {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
}

// Whatever is nearest to the operator wins: the command line, then the environment, then the configuration file.
func TestInitialPasswordComesFrom(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "password")
	if err := os.WriteFile(file, []byte("of the file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	word, fromFile := []string{"--initial-password", "said"}, []string{"--initial-password-file", file}
	for _, c := range []struct {
		name          string
		words         []string
		environ, conf string
		want, failure string
	}{
		{"nothing", nil, "", "", "", ""},
		{"a word", word, "environ", "initial-password-file=" + file, "said", ""},
		{"a file", fromFile, "environ", "initial-password=configured", "of the file", ""},
		{"the environment", nil, "environ", "initial-password=configured", "environ", ""},
		{"the configuration file", nil, "", "initial-password=configured", "configured", ""},
		{"a file of the configuration file", nil, "", "initial-password-file=" + file, "of the file", ""},
		{"both", append(word, fromFile...), "", "", "", "cannot be specified together"},
		{"both in the configuration file", nil, "", "initial-password=x\ninitial-password-file=y", "", "cannot be specified together"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.environ != "" {
				t.Setenv(initialVariable, c.environ)
			}
			words := c.words
			if c.conf != "" {
				path := filepath.Join(dir, "conf")
				if err := os.WriteFile(path, []byte(c.conf), 0o600); err != nil {
					t.Fatal(err)
				}
				words = append([]string{"--config-file", path}, words...)
			}
			s, err := readSettings(words, serve, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.initialPassword(io.Discard, io.Discard)
			if got != c.want || (err == nil) != (c.failure == "") || err != nil && !strings.Contains(err.Error(), c.failure) {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestDaemonIsStartedWithoutPasswords(t *testing.T) {
	argv := strings.Fields("rethinkdb serve --initial-password x -d y --initial-password-file z --daemon")
	if got := strings.Join(withoutPasswords(argv), " "); got != "rethinkdb serve -d y --daemon" {
		t.Errorf("got %s", got)
	}
}
