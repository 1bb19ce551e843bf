package atrest

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func newKey(t testing.TB) *Key {
	t.Helper()
	k, err := ParseKey([]byte(hex.EncodeToString(random(32))))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func TestFormsOfAKey(t *testing.T) {
	for _, n := range []int{16, 24, 32} {
		var secret []byte
		for i := range n {
			secret = append(secret, byte(i*i*37+i+200))
		}
		texts := map[string][]byte{
			"bytes":                    secret,
			"hexadecimal":              []byte(hex.EncodeToString(secret)),
			"capitals":                 []byte(strings.ToUpper(hex.EncodeToString(secret))),
			"a line":                   []byte(hex.EncodeToString(secret) + "\n"),
			"Base64":                   []byte(base64.StdEncoding.EncodeToString(secret) + "\r\n"),
			"Base64 without padding":   []byte(" " + base64.RawStdEncoding.EncodeToString(secret)),
			"Base64 for URLs":          []byte(base64.URLEncoding.EncodeToString(secret)),
			"Base64 for URLs unpadded": []byte(base64.RawURLEncoding.EncodeToString(secret)),
		}
		for name, text := range texts {
			if k, err := ParseKey(text); err != nil || !bytes.Equal(k.secret, secret) {
				t.Errorf("%d bytes as %s: %v, %v", n, name, k, err)
			}
		}
	}
}

func TestWhatIsNoKey(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"nothing":                  {"", errKeyForm},
		"a password":               {"hunter2", errKeyForm},
		"a password of 16 bytes":   {"correct horse ba", errWeakKey},
		"a password of 24 letters": {"correcthorsebatterystapl", errWeakKey},
		"a password like Base64":   {"correcthorsebatterysta", errKeyForm},
		"15 bytes":                 {string(random(15)), errKeyForm},
		"33 bytes":                 {string(random(33)), errKeyForm},
		"zeros":                    {strings.Repeat("00", 32), errWeakKey},
		"counting":                 {hex.EncodeToString([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}), errWeakKey},
		"repetition":               {strings.Repeat("deadbeef", 8), errWeakKey},
		"a certificate":            {strings.Repeat("MIIB", 400), errKeyForm},
	} {
		if k, err := ParseKey([]byte(c.text)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, %v, want %v", name, k, err, c.want)
		}
	}
}

func TestRandomKeysAreKeys(t *testing.T) {
	for range 2000 {
		if _, err := ParseKey([]byte(hex.EncodeToString(random(16)))); err != nil {
			t.Fatal(err)
		}
	}
}

func TestKeysDoNotShowThemselves(t *testing.T) {
	secret := random(32)
	k, err := ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		shown := fmt.Sprintf(format, k)
		if !strings.Contains(shown, k.ID()) || strings.Contains(shown, string(secret[:4])) || strings.Contains(shown, hex.EncodeToString(secret[:4])) {
			t.Errorf("%s shows %s", format, shown)
		}
	}
	if other := newKey(t); other.ID() == k.ID() || len(k.ID()) != 16 {
		t.Errorf("ids %s and %s", k.ID(), other.ID())
	}
}

func TestReadKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	text := hex.EncodeToString(random(32))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	want, err := ParseKey([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for mode, ok := range map[os.FileMode]bool{0o600: true, 0o400: true, 0o640: false, 0o604: false, 0o644: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		k, err := ReadKey(path)
		switch {
		case ok && (err != nil || k.ID() != want.ID()):
			t.Errorf("mode %o: %v, %v", mode, k, err)
		case !ok && (err == nil || !strings.Contains(err.Error(), "chmod 600")):
			t.Errorf("mode %o: %v, %v", mode, k, err)
		}
	}
	if _, err := ReadKey(path + "x"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestRunKeyCommand(t *testing.T) {
	text := hex.EncodeToString(random(32))
	t.Setenv("RETHINKDB_PASSWORD", "secret") // which is none of the command's business
	var said strings.Builder
	if k, err := RunKeyCommand(t.Context(), `[ -z "$RETHINKDB_PASSWORD" ] && [ -n "$PATH" ] && echo `+text, &said); err != nil {
		t.Errorf("%v, %v", k, err)
	}
	if k, err := RunKeyCommand(t.Context(), "echo hello >&2; echo "+text, &said); err != nil || said.String() != "hello\n" {
		t.Errorf("%v, %v, it said %q", k, err, said.String())
	}
	for name, command := range map[string]string{
		"a failure":       "echo " + text + "; exit 3",
		"nothing":         "true",
		"endless output":  "yes",
		"no such command": "/nonexistent/command",
	} {
		if k, err := RunKeyCommand(t.Context(), command, &said); err == nil {
			t.Errorf("%s: %v", name, k)
		}
	}
}

func TestSlowKeyCommandIsEnded(t *testing.T) {
	began := time.Now()
	_, err := runKeyCommand(t.Context(), "sleep 100 & sleep 100", new(strings.Builder), 50*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "no answer") {
		t.Errorf("%v", err)
	}
	if took := time.Since(began); took > 50*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestBeside(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(data, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{
		"data/key": true, "link/key": true, "data": true, "data/new/key": true, "data/../data/key": true,
		"key": false, "data.key": false, "link/../key": false, "..key": false, "data/../key": false,
	} {
		if got := Beside(filepath.Join(dir, path), data); got != want {
			t.Errorf("%s: %v", path, got)
		}
		if got := Beside(filepath.Join(dir, path), filepath.Join(dir, "link")); got != want {
			t.Errorf("%s in the link: %v", path, got)
		}
	}
}
