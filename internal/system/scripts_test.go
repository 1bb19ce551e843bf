package system

import (
	"testing"

	"rethinkdb/internal/exec"
	"rethinkdb/internal/reql"
)

func TestWhoMayRunScripts(t *testing.T) {
	const off = "JavaScript is disabled on this server, which was started with `--javascript off`."
	for option, want := range map[string][2]string{ // for admin, for bob
		"all":   {"", ""},
		"admin": {"", "User `bob` may not run JavaScript on this server, which was started with `--javascript admin`."},
		"off":   {off, off},
	} {
		scripts, err := ParseScripts(option)
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t, func(o *Options) { o.Scripts = scripts })
		for i, user := range []string{"admin", "bob"} {
			err := w.RequireScripts(&exec.Client{User: user})
			if want[i] == "" {
				if err != nil {
					t.Errorf("%s, %s: %v", option, user, err)
				}
				continue
			}
			wantError(t, err, reql.Permission, want[i])
		}
	}
	if _, err := ParseScripts("none"); err == nil || err.Error() != "'none' is none of all, admin, off" {
		t.Error(err)
	}
}
