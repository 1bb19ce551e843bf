//go:build page

package page

import (
	"context"
	"flag"
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
			runScript(t, spec)
		})
	}
}

var images = flag.String("images", "", "the `directory` that TestImages writes to, as docs/images; with Debian's pngquant the images become a third in size")

// TestImages makes the images of the documentation. Without a directory for them it only shows that they can be made.
func TestImages(t *testing.T) {
	t.Parallel()
	dir, watch := t.TempDir(), 0
	if *images != "" {
		var err error
		if dir, err = filepath.Abs(*images); err != nil {
			t.Fatal(err)
		}
		watch = 60
	}
	runScript(t, "images.js", "IMAGES="+dir, "WATCH_SECONDS="+strconv.Itoa(watch))
	made, err := filepath.Glob(filepath.Join(dir, "*.png"))
	if err != nil || len(made) == 0 {
		t.Fatalf("no images: %v", err)
	}
	if quantizer, err := exec.LookPath("pngquant"); err == nil {
		words := append([]string{"--force", "--ext=.png", "--speed=1", "--strip", "128"}, made...)
		if out, err := exec.CommandContext(t.Context(), quantizer, words...).CombinedOutput(); err != nil {
			t.Errorf("pngquant: %v\n%s", err, out)
		}
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

// runScript runs a file of node's test runner against a server of its own. It is told where that and the browser are.
func runScript(t *testing.T, script string, environment ...string) {
	t.Helper()
	server := harness.Start(t, "", serverOptions(t, script)...)
	ctx, cancel := context.WithTimeout(t.Context(), specTime)
	defer cancel()
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, "node", "--test-reporter=spec", script)
	cmd.Env = append(os.Environ(), "CHROMIUM="+browser, "WEB_PORT="+strconv.Itoa(server.WebPort), "DRIVER_PORT="+strconv.Itoa(server.DriverPort))
	cmd.Env = append(cmd.Env, environment...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", script, err, out)
		return
	}
	t.Logf("%s", out)
}
