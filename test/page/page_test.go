//go:build page

package page

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

// specTime bounds the work of one file. Each takes seconds, unless the machine has other things to do.
const specTime = 5 * time.Minute

// TestPage runs each file of scenarios against a server of its own, which has nothing in it yet.
func TestPage(t *testing.T) {
	specs, err := filepath.Glob("*.spec.js")
	if err != nil || len(specs) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, spec := range specs {
		t.Run(strings.TrimSuffix(spec, ".spec.js"), func(t *testing.T) {
			t.Parallel()
			runScript(t, spec, harness.Start(t, "", serverOptions(t, spec)...))
		})
	}
}

// serverOptions are what the line "// server: OPTION..." of a file asks for.
func serverOptions(t *testing.T, script string) []string {
	t.Helper()
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if options, ok := strings.CutPrefix(line, "// server: "); ok {
			return strings.Fields(options)
		}
	}
	return nil
}

// runScript runs a file of node's test runner, which is told where the server and the browser are.
func runScript(t *testing.T, script string, server *harness.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), specTime)
	defer cancel()
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, "node", "--test-reporter=spec", script)
	cmd.Env = append(os.Environ(), "CHROMIUM="+browser, "WEB_PORT="+strconv.Itoa(server.WebPort), "DRIVER_PORT="+strconv.Itoa(server.DriverPort))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", script, err, out)
		return
	}
	t.Logf("%s", out)
}
