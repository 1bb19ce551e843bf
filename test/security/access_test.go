//go:build security

package security

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"rethinkdb/test/harness"
)

const password = "correct horse"

// outcome is what becomes of somebody who knocks.
type outcome string

const (
	in      outcome = "is served"
	asked   outcome = "needs a password"
	refused outcome = "is refused"
)

// visitor is somebody at an address, who may know the password.
type visitor struct {
	peer
	password string
}

// TestWhoMayComeIn knocks from each address on each port in each mode, without a password and with the right one, a wrong one and none: 180 cases.
func TestWhoMayComeIn(t *testing.T) {
	makeNetwork(t)
	for _, c := range []struct {
		mode     string
		password bool
		// What becomes of those on other machines, by the network they are in. Loopback is always served.
		private, public [3]outcome // of the driver port, the web port, the intracluster port
	}{
		{"private", false, [3]outcome{in, in, in}, [3]outcome{refused, refused, refused}},
		{"strict", false, [3]outcome{refused, refused, refused}, [3]outcome{refused, refused, refused}},
		{"off", false, [3]outcome{in, in, in}, [3]outcome{in, in, in}},
		{"private", true, [3]outcome{asked, asked, asked}, [3]outcome{asked, asked, refused}},
		{"strict", true, [3]outcome{asked, asked, refused}, [3]outcome{asked, asked, refused}},
		{"off", true, [3]outcome{asked, asked, asked}, [3]outcome{asked, asked, asked}},
	} {
		t.Run(fmt.Sprintf("%s, password %v", c.mode, c.password), func(t *testing.T) {
			args := []string{"--bind", "all", "--protected-mode", c.mode}
			if c.password {
				args = append(args, "--initial-password", password)
			}
			s := startServer(t, args...)
			for _, p := range peers {
				want := c.public
				switch p {
				case private4, private6:
					want = c.private
				case loopback:
					want = [3]outcome{in, in, in}
					if c.password {
						want = [3]outcome{asked, asked, asked}
					}
				}
				if !c.password {
					expect(t, s, visitor{p, ""}, want)
					continue
				}
				right := want
				for i, o := range want {
					if o == asked {
						right[i] = in
					}
				}
				// The right one first: after five wrong ones nobody gets an answer for a while.
				expect(t, s, visitor{p, password}, right)
				expect(t, s, visitor{p, ""}, want)
				expect(t, s, visitor{p, "wrong"}, want)
			}
		})
	}
}

func TestAllowLists(t *testing.T) {
	makeNetwork(t)
	s := startServer(t, "--bind", "all", "--initial-password", password,
		"--driver-allow", "203.0.113.0/24", "--driver-allow", "fd77::2", "--http-allow", "192.168.77.0/24", "--cluster-allow", "192.168.77.0/24")
	for p, want := range map[peer][3]outcome{
		loopback: {in, in, in},
		private4: {refused, in, in},
		private6: {in, refused, refused},
		public4:  {in, refused, refused},
		public6:  {refused, refused, refused},
	} {
		expect(t, s, visitor{p, password}, want)
	}
}

// The table access_config changes who may come in at once: connections from addresses that are not served any more end.
func TestAccessConfig(t *testing.T) {
	makeNetwork(t)
	s := startServer(t, "--bind", "all", "--initial-password", password, "--driver-allow", "192.168.77.0/24", "--driver-allow", "203.0.113.0/24")
	logIn := func(p peer) *harness.Conn {
		t.Helper()
		conn, err := p.dial(s.DriverPort)
		if err != nil {
			t.Fatal(err)
		}
		c, err := harness.GiveKey(conn, harness.V04, password)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	local, near, far := logIn(loopback), logIn(private4), logIn(public4)
	allow := func(port string, networks ...any) {
		t.Helper()
		row := harness.Term(harness.Get, harness.Term(harness.Table, harness.Term(harness.DB, "rethinkdb"), "access_config"), port)
		var result struct {
			Replaced   int
			FirstError string `json:"first_error"`
		}
		err := local.One(harness.Term(harness.Update, row, map[string]any{"allow": harness.Term(harness.MakeArray, networks...)}), &result)
		if err != nil || result.Replaced != 1 {
			t.Fatalf("%+v, %v", result, err)
		}
	}
	all := map[peer][3]outcome{loopback: {in, in, in}, private4: {in, in, in}, private6: {refused, in, in}, public4: {in, in, refused}, public6: {refused, in, refused}}
	for p, want := range all {
		expect(t, s, visitor{p, password}, want)
	}
	allow("driver", "192.168.0.0/16", "fd77::2")
	allow("http", "203.0.113.2")
	allow("cluster", "127.0.0.0/8")
	if _, err := far.Run(1); err == nil {
		t.Error("a connection from an address that is not served any more is still there")
	}
	if _, err := near.Run(1); err != nil {
		t.Errorf("a connection from an address that is served has ended: %v", err)
	}
	for p, want := range map[peer][3]outcome{
		loopback: {in, in, in}, private4: {in, refused, refused}, private6: {refused, refused, refused},
		public4: {refused, in, refused}, public6: {refused, refused, refused},
	} {
		expect(t, s, visitor{p, password}, want)
	}
	for _, port := range []string{"driver", "http", "cluster"} {
		allow(port)
	}
	for p, want := range all {
		expect(t, s, visitor{p, password}, want)
	}
}

// The operator is told who can come in without a password.
func TestOpenServerSaysSo(t *testing.T) {
	makeNetwork(t)
	for args, want := range map[string]string{
		"--bind all":                                   "everybody in its private networks can read and change everything (open: driver and web port)",
		"--bind all --no-http-admin":                   "everybody in its private networks can read and change everything (open: driver port)",
		"--bind all --protected-mode off":              "everybody who can reach this machine can read and change everything",
		"--bind all --protected-mode strict":           "",
		"--bind all --initial-password xyz":            "",
		"--bind-http 192.168.77.1 --bind-cluster all":  "(open: web port)",
		"--bind-cluster all --protected-mode private ": "",
	} {
		output := startServer(t, strings.Fields(args)...).Output()
		if warned := strings.Contains(output, "No password is set"); warned != (want != "") || !strings.Contains(output, want) {
			t.Errorf("%s: want %q in\n%s", args, want, output)
		}
	}
}

// startServer starts the program on the server's host.
func startServer(t *testing.T, args ...string) *harness.Server {
	t.Helper()
	return harness.StartOn(t, serverHost.Words(), args...)
}

// expect knocks on the three ports.
func expect(t *testing.T, s *harness.Server, v visitor, want [3]outcome) {
	t.Helper()
	for i, knock := range []func(s *harness.Server) (outcome, string, error){v.driver, v.web, v.cluster} {
		got, text, err := knock(s)
		if err != nil || got != want[i] {
			t.Errorf("%s with password %q on the %s port %s (%q, %v), want: %s", v.name, v.password,
				[3]string{"driver", "web", "intracluster"}[i], got, text, err, want[i])
		}
	}
}

// driver connects as a driver of V0_4 does.
func (v visitor) driver(s *harness.Server) (outcome, string, error) {
	conn, err := v.dial(s.DriverPort)
	if err != nil {
		return "", "", err
	}
	defer conn.Close()
	return v.logIn(conn)
}

// logIn shows the password.
func (v visitor) logIn(conn net.Conn) (outcome, string, error) {
	hello := "\x20\x2d\x0c\x40" + string([]byte{byte(len(v.password)), 0, 0, 0}) + v.password + "\xc7\x70\x69\x7e"
	if _, err := io.WriteString(conn, hello); err != nil {
		return "", "", err
	}
	text, err := bufio.NewReader(conn).ReadString(0)
	switch {
	case strings.HasPrefix(text, "SUCCESS"):
		return in, text, err
	case strings.HasPrefix(text, "ERROR: Incorrect authorization key."):
		return asked, text, err
	case strings.HasPrefix(text, "ERROR: This server has no password yet"), strings.HasPrefix(text, "ERROR: The driver port"):
		return refused, text, err
	}
	return "", text, err
}

// web opens a connection for queries over HTTP.
func (v visitor) web(s *harness.Server) (outcome, string, error) {
	conn, err := v.dial(s.WebPort)
	if err != nil {
		return "", "", err
	}
	defer conn.Close()
	r, err := http.NewRequest(http.MethodPost, "http://localhost/ajax/reql/open-new-connection", nil)
	if err != nil {
		return "", "", err
	}
	if v.password != "" {
		r.SetBasicAuth("admin", v.password)
	}
	if err := r.Write(conn); err != nil {
		return "", "", err
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		return "", "", err
	}
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	return map[int]outcome{200: in, 401: asked, 403: refused}[answer.StatusCode], string(page), err
}

// cluster connects to the intracluster port as the administration command line does, which logs in there.
func (v visitor) cluster(s *harness.Server) (outcome, string, error) {
	raw, err := v.dial(s.ClusterPort)
	if err != nil {
		return "", "", err
	}
	defer raw.Close()
	conn, sentence, err := encrypt(raw, "rethinkdb-admin", nil)
	if sentence != "" {
		if strings.HasPrefix(sentence, "ERROR: The intracluster port of this server") {
			return refused, sentence, nil
		}
		return "", sentence, nil
	}
	if err != nil {
		return "", "", err
	}
	got, text, err := v.logIn(conn)
	if strings.HasPrefix(text, "ERROR: No password is set on this server") {
		return refused, text, nil
	}
	return got, text, err
}

func TestMain(m *testing.M) {
	if os.Getuid() != 0 {
		fmt.Fprintln(os.Stderr, "This suite makes network namespaces, for which it needs root.")
		os.Exit(1)
	}
	os.Exit(m.Run())
}
