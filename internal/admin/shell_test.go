package admin

import (
	"strings"
	"testing"
)

// Names of indexes, which users choose, are in issues and errors.
func TestNamesDriveNoTerminal(t *testing.T) {
	var out strings.Builder
	s := NewShell(nil, nil, &out)
	s.print(columns{{"name"}, {"\x1b]52;c;cm0gLXJmIC8=\a"}, {"\u009b2Jü\r"}})
	if got, want := out.String(), "name\n?]52;c;cm0gLXJmIC8=?\n?2Jü?\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
