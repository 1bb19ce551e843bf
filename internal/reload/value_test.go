package reload

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestValueFollowsItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	remove := func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	read := func() (string, error) {
		text, err := os.ReadFile(path)
		if strings.HasPrefix(string(text), "bad") {
			err = errors.New("it is bad")
		}
		return string(text), err
	}
	var reports []string
	report := func(err error) {
		text := "new"
		if err != nil {
			text = "old: " + filepath.Base(err.Error())
		}
		reports = append(reports, text)
	}
	if _, err := Open([]string{path}, read, report); err == nil {
		t.Error("opened without its file")
	}
	write("bad")
	if _, err := Open([]string{path}, read, report); err == nil {
		t.Error("opened with a file that cannot be used")
	}
	write("first")
	v, err := Open([]string{path}, read, report)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name   string
		change func()
		want   string
		report string // what is heard of this step, if anything
	}{
		{"nothing", func() {}, "first", ""},
		{"a new one", func() { write("the second") }, "the second", "new"},
		{"one that cannot be used", func() { write("bad one") }, "the second", "old: it is bad"},
		{"nothing after that", func() {}, "the second", ""},
		{"a good one again", func() { write("the very third") }, "the very third", "new"},
		{"none", remove, "the very third", "old: file: no such file or directory"},
		{"still none", func() {}, "the very third", ""},
		{"the old one back", func() { write("the very third") }, "the very third", "new"},
	} {
		reports = nil
		step.change()
		v.next.Store(0) // a second has gone by
		if got := v.Newest(); got != step.want {
			t.Errorf("%s: %q, want %q", step.name, got, step.want)
		}
		if got := strings.Join(reports, ", "); got != step.report {
			t.Errorf("%s: reported %q, want %q", step.name, got, step.report)
		}
	}
	write("just now")
	if got := v.Newest(); got != "the very third" {
		t.Errorf("within a second: %q", got)
	}
}
