package admin

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"rethinkdb/internal/peer"
	"rethinkdb/internal/reql"
)

// joinTokenLife is how long a token is good unless the command says otherwise.
const joinTokenLife = time.Hour

func listKey(s *Shell, _ arguments) error {
	s.printf("%s\n", s.conn.Key())
	return nil
}

// makeJoinToken makes the token here and gives the server the public half of its key, so that the token itself is nowhere but in the
// output.
func makeJoinToken(s *Shell, a arguments) error {
	life := joinTokenLife
	if text, given := a.flags["--expires"]; given {
		var err error
		if life, err = parseLife(text, peer.MaxTokenLife); err != nil {
			return err
		}
	}
	addresses, err := s.serverAddresses()
	if err != nil {
		return err
	}
	t, err := peer.NewToken(s.conn.Key(), addresses)
	if err != nil {
		return fmt.Errorf("make a token: %w", err)
	}
	err = s.conn.change(term(reql.TermInsert, system("join_tokens"), map[string]any{
		"id":         t.ID.String(),
		"public_key": base64.StdEncoding.EncodeToString(t.PublicKey()),
		"expires_at": term(reql.TermAdd, term(reql.TermNow), life.Seconds()),
		"reusable":   a.has("--reusable"),
	}))
	if err != nil {
		return err
	}
	s.printf("%s\n", t.Reveal())
	return nil
}

// parseLife reads a time such as 90s, 30m, 12h or 7d, up to a bound.
func parseLife(text string, most time.Duration) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		d = time.Duration(min(max(n, 0), 10_000)) * 24 * time.Hour
	}
	if err != nil || d < time.Second || d > most {
		return 0, fmt.Errorf("'%s' is no time until a token expires: write for example 30m, 12h or 7d, at most %dd", text, int(most.Hours())/24)
	}
	return d, nil
}

// serverAddresses are those of the server's intracluster port under which other servers may reach it, the best first: the one that
// this command has used, then the others that the server knows. Loopback is left out, unless there is nothing else.
func (s *Shell) serverAddresses() ([]string, error) {
	id, err := s.conn.serverID()
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(id, "proxy-") {
		return nil, errors.New("this is a proxy, which takes no servers in: connect to a server of the cluster")
	}
	type row struct {
		ID      string
		Network struct {
			ClusterPort int `json:"cluster_port"`
			Canonical   []struct {
				Host string
				Port int
			} `json:"canonical_addresses"`
		}
	}
	rows, err := tableOf[row](s.conn, "server_status")
	if err != nil {
		return nil, err
	}
	own := slices.IndexFunc(rows, func(r row) bool { return r.ID == id })
	if own < 0 {
		return nil, errors.New("the server does not say where it can be reached")
	}
	candidates := []string{s.conn.address}
	for _, a := range rows[own].Network.Canonical {
		candidates = append(candidates, net.JoinHostPort(a.Host, strconv.Itoa(a.Port)))
	}
	var far, near []string
	for _, c := range candidates {
		host, _, err := net.SplitHostPort(c)
		if err != nil {
			continue
		}
		switch addr, err := netip.ParseAddr(host); {
		case slices.Contains(far, c) || slices.Contains(near, c):
		case err == nil && addr.IsLinkLocalUnicast(): // means nothing elsewhere
		case err == nil && addr.IsLoopback() || host == "localhost":
			near = append(near, c)
		default:
			far = append(far, c)
		}
	}
	if len(far) == 0 {
		return near, nil
	}
	return far, nil
}

// joinToken is a row of the table join_tokens.
type joinToken struct {
	ID       string
	Reusable bool
	Expires  reqlTime `json:"expires_at"`
}

func listJoinTokens(s *Shell, _ arguments) error {
	tokens, err := tableOf[joinToken](s.conn, "join_tokens")
	if err != nil {
		return err
	}
	t := columns{{"id", "expires", "servers"}}
	for _, k := range tokens {
		servers := "one"
		if k.Reusable {
			servers = "any"
		}
		t = append(t, []string{k.ID, k.Expires.Format(time.RFC3339), servers})
	}
	s.print(t)
	return nil
}

func removeJoinTokens(s *Shell, a arguments) error {
	for _, id := range a.positional {
		rows, err := rowsOf[struct{ Deleted int }](s.conn, term(reql.TermDelete, row("join_tokens", id)))
		if err != nil {
			return err
		}
		if len(rows) != 1 || rows[0].Deleted != 1 {
			return fmt.Errorf("identifier not found: %s", id)
		}
	}
	return nil
}
