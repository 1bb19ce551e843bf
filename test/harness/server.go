package harness

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startTime is how long a server may take to be ready; it is generous because other tests may have the processors.
const startTime = 60 * time.Second

// StopTime is how long a server may take to stop after a signal.
const StopTime = 5 * time.Second

// Root is the directory of the module.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "cmd", "rethinkdb")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("this test runs below the root of the repository")
		}
		dir = parent
	}
}

var (
	buildOnce sync.Once
	program   string
	errBuild  error
)

// Binary builds the program, once for each test process, and returns its path. RETHINKDB_BINARY names one that is built
// already.
func Binary(t testing.TB) string {
	t.Helper()
	buildOnce.Do(func() {
		if program = os.Getenv("RETHINKDB_BINARY"); program != "" {
			return
		}
		var root, dir string
		if root, errBuild = Root(); errBuild != nil {
			return
		}
		dir, errBuild = os.MkdirTemp("", "rethinkdb-test-") //nolint:usetesting // it outlives the first test that needs it
		if errBuild != nil {
			return
		}
		program = filepath.Join(dir, "rethinkdb")
		build := exec.Command("go", "build", "-o", program, "./cmd/rethinkdb")
		build.Dir = root
		if out, err := build.CombinedOutput(); err != nil {
			errBuild = fmt.Errorf("build the program: %w\n%s", err, out)
		}
	})
	if errBuild != nil {
		t.Fatal(errBuild)
	}
	return program
}

// Build builds the program once more, with values of variables for the linker, such as path.name=value. The test's end removes it.
func Build(t testing.TB, values ...string) string {
	t.Helper()
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	flags := ""
	for _, v := range values {
		flags += " -X " + v
	}
	program := filepath.Join(t.TempDir(), "rethinkdb")
	build := exec.Command("go", "build", "-ldflags", flags, "-o", program, "./cmd/rethinkdb")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the program: %v\n%s", err, out)
	}
	return program
}

// Server is a running program.
type Server struct {
	Dir                              string
	DriverPort, WebPort, ClusterPort int // WebPort is 0 with --no-http-admin

	cmd    *exec.Cmd
	output *transcript
	exited chan struct{} // closed when the process has ended and err is set
	err    error
}

// Start starts a server on free ports of loopback and waits until it is ready. Its directory is dir, or a new one when dir is
// empty. The test's end kills it.
func Start(t testing.TB, dir string, args ...string) *Server {
	t.Helper()
	if dir == "" {
		dir = filepath.Join(t.TempDir(), "data")
	}
	return run(t, nil, dir, append(freePorts(), args...))
}

// StartIn starts a server in a directory by way of another program, if there is one, on the ports that args name, or else those that RethinkDB has.
func StartIn(t testing.TB, by []string, dir string, args ...string) *Server {
	t.Helper()
	return run(t, by, dir, args)
}

// StartProgram starts a server in a directory with another build of the program.
func StartProgram(t testing.TB, program, dir string, args ...string) *Server {
	t.Helper()
	return keep(t, dir, exec.Command(program, append([]string{"--directory", dir}, args...)...))
}

// StartOn is Start in a new directory by way of another program, whose last argument becomes the server's path.
func StartOn(t testing.TB, by []string, args ...string) *Server {
	t.Helper()
	return run(t, by, filepath.Join(t.TempDir(), "data"), append(freePorts(), args...))
}

// StartOnPorts is StartOn on the ports that args name, or else those that RethinkDB has.
func StartOnPorts(t testing.TB, by []string, args ...string) *Server {
	t.Helper()
	return run(t, by, filepath.Join(t.TempDir(), "data"), args)
}

func freePorts() []string {
	return []string{"--driver-port", "0", "--http-port", "0", "--cluster-port", "0"}
}

// StartCommand starts a server with a command in front of its options, such as serve.
func StartCommand(t testing.TB, command, dir string, args ...string) *Server {
	t.Helper()
	return run(t, nil, dir, append(freePorts(), args...), command)
}

// StartProxy starts a proxy on free ports of loopback, in an empty directory.
func StartProxy(t testing.TB, args ...string) *Server {
	t.Helper()
	words := slices.Concat([]string{"proxy"}, freePorts(), args)
	cmd := exec.Command(Binary(t), words...)
	cmd.Dir = t.TempDir()
	return keep(t, cmd.Dir, cmd)
}

// StartLine starts a server by a line for the shell, on a directory that the line names, by way of another program as StartOn does.
func StartLine(t testing.TB, by []string, dir, line string) *Server {
	t.Helper()
	return keep(t, dir, Shell(t, by, "exec "+line))
}

// Shell is a command for the shell, in which rethinkdb is the program under test.
func Shell(t testing.TB, by []string, line string) *exec.Cmd {
	t.Helper()
	words := append(slices.Clone(by), "sh", "-c", line)
	cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(Binary(t))+":"+os.Getenv("PATH"))
	return cmd
}

func run(t testing.TB, by []string, dir string, args []string, command ...string) *Server {
	t.Helper()
	words := slices.Concat(by, []string{Binary(t)}, command, []string{"--directory", dir}, args)
	return keep(t, dir, exec.Command(words[0], words[1:]...))
}

// keep starts a server until the end of the test.
func keep(t testing.TB, dir string, cmd *exec.Cmd) *Server {
	t.Helper()
	s, err := start(dir, cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Kill(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("output of the server:\n%s", s.Output())
		}
	})
	return s
}

func start(dir string, cmd *exec.Cmd) (*Server, error) {
	s := &Server{Dir: dir, cmd: cmd, output: newTranscript(), exited: make(chan struct{})}
	s.cmd.Stdout, s.cmd.Stderr = s.output, s.output
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { // ends with the process
		s.err = s.cmd.Wait()
		close(s.exited)
	}()
	select {
	case <-s.output.ready:
	case <-s.exited:
		return nil, fmt.Errorf("the server ended before it was ready: %w\n%s", s.err, s.Output())
	case <-time.After(startTime):
		return nil, errors.Join(fmt.Errorf("the server was not ready after %v\n%s", startTime, s.Output()), s.Kill())
	}
	text := s.Output()
	s.DriverPort = portIn(text, "client driver")
	s.WebPort = portIn(text, "administrative HTTP")
	s.ClusterPort = portIn(text, "intracluster")
	return s, nil
}

func portIn(output, what string) int {
	m := regexp.MustCompile(`Listening for ` + what + ` connections on port (\d+)`).FindStringSubmatch(output)
	if m == nil {
		return 0
	}
	port, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return port
}

// Addr is the address of the driver port.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.DriverPort)) }

// Output is what the server has printed up to now.
func (s *Server) Output() string { return s.output.String() }

// Pid is the id of the process.
func (s *Server) Pid() int { return s.cmd.Process.Pid }

// Kill ends the process as a crash would, and waits until it is gone.
func (s *Server) Kill() error {
	if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-s.exited
	return nil
}

// Stop sends a signal and waits for a clean end within StopTime.
func (s *Server) Stop(sig syscall.Signal) error {
	if err := s.cmd.Process.Signal(sig); err != nil {
		return err
	}
	select {
	case <-s.exited:
	case <-time.After(StopTime):
		return errors.Join(fmt.Errorf("the server did not stop within %v of %v\n%s", StopTime, sig, s.Output()), s.Kill())
	}
	if s.err != nil {
		return fmt.Errorf("the server stopped with %w\n%s", s.err, s.Output())
	}
	return nil
}

// transcript collects what a server prints, and notices when it is ready.
type transcript struct {
	ready chan struct{} // closed at the line that says so

	mu   sync.Mutex
	text bytes.Buffer
	seen bool
}

func newTranscript() *transcript { return &transcript{ready: make(chan struct{})} }

var _ io.Writer = (*transcript)(nil)

func (o *transcript) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p)
	if text := o.text.String(); !o.seen && (hasLine(text, "Server ready, ") || hasLine(text, "Proxy ready, ")) {
		o.seen = true
		close(o.ready)
	}
	return len(p), nil
}

func hasLine(text, prefix string) bool {
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), prefix) {
			return true
		}
	}
	return false
}

func (o *transcript) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
