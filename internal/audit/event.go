package audit

import (
	"encoding/json"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"
)

// Kind is what has happened.
type Kind string

// The kinds that other packages record.
const (
	LogIn        Kind = "log_in"
	LogInRefused Kind = "log_in_refused"
	PeerRefused  Kind = "peer_refused"   // before anybody could log in: its address is not served, or it is no client
	Denied       Kind = "denied"         // a user has no right to do that
	Change       Kind = "change"         // of users, permissions, keys, access, configuration, databases, tables, indexes
	Kill         Kind = "kill"           // of a query
	Started      Kind = "server_started" // Detail has the command line
	Stopped      Kind = "server_stopped"
)

// The kinds that tell of the record itself.
const (
	tornLine    Kind = "torn_line"    // a crash has cut the line before; Detail has its length and its hash
	chainBroken Kind = "chain_broken" // the file is not as this server has left it; Detail says how
	rotated     Kind = "rotated"      // Detail names the file that the entries before are in, and those that were removed
	lost        Kind = "lost"         // the file could not be written for so long that Count entries were given up
)

// Method is how somebody has logged in, or tried to.
type Method string

// The methods.
const (
	AuthKey      Method = "auth_key"           // the authentication key of drivers before 2.3
	SCRAM        Method = "scram_sha_256"      // the log-in of drivers from 2.3 on
	SCRAMPlus    Method = "scram_sha_256_plus" // the same, bound to its TLS connection
	Basic        Method = "http_basic"         // user and password of an HTTP request
	AdminCommand Method = "admin_command_line" // `rethinkdb admin`, which does SCRAM on the intracluster port
	Server       Method = "server"             // another server, whose proof Detail names
	NoPassword   Method = "none"               // the web port as long as there is no password
)

// Event is something that has happened. Only Kind is required; what is empty is left out.
type Event struct {
	Kind        Kind
	User        string // who did it; of a log-in that was refused, the name that was given
	Peer        netip.AddrPort
	Port        string // of the server: driver, web or intracluster
	Method      Method
	Certificate string // the subject of the client's certificate, if it has shown one
	Reason      string // of a refusal

	Action string          // of a change: the term, such as table_create; insert, update or delete for a row of a system table
	On     string          // what was changed: test.users, or rethinkdb.permissions
	Key    json.RawMessage // of the row of the system table
	Fields []string        // of that row that have changed
	Old    json.RawMessage // what may be told of the row before and after; never a secret
	New    json.RawMessage
	Detail string

	time time.Time
	// Of an event that stands for others: how many, and the time of the first of them; time is that of the last.
	count uint64
	since time.Time
}

// These bound a line, and with it what somebody can make the server write by a name of a megabyte.
const (
	maxTextBytes   = 256
	maxDetailBytes = 4 << 10
	maxValueBytes  = 8 << 10
	maxFields      = 64
)

// record is an event as a line has it. The order of the fields is part of the format.
type record struct {
	Seq         uint64          `json:"seq"`
	Time        string          `json:"time"`
	Kind        Kind            `json:"event"`
	User        string          `json:"user,omitempty"`
	Peer        string          `json:"peer,omitempty"`
	Port        string          `json:"port,omitempty"`
	Method      Method          `json:"method,omitempty"`
	Certificate string          `json:"certificate,omitempty"`
	Reason      string          `json:"reason,omitempty"`
	Action      string          `json:"action,omitempty"`
	On          string          `json:"on,omitempty"`
	Key         json.RawMessage `json:"key,omitempty"`
	Fields      []string        `json:"fields,omitempty"`
	Old         json.RawMessage `json:"old,omitempty"`
	New         json.RawMessage `json:"new,omitempty"`
	Detail      string          `json:"detail,omitempty"`
	Count       uint64          `json:"count,omitempty"`
	Since       string          `json:"since,omitempty"`
	Cut         bool            `json:"cut,omitempty"` // something was too long
}

// timeLayout is UTC and sorts like the time.
const timeLayout = "2006-01-02T15:04:05.000000Z"

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(timeLayout)
}

func (e *Event) record(seq uint64) record {
	r := record{Seq: seq, Time: stamp(e.time), Kind: e.Kind, Peer: peerText(e.Peer), Count: e.count, Since: stamp(e.since)}
	text := func(s string, limit int) string {
		short := shorten(s, limit)
		r.Cut = r.Cut || len(short) < len(s)
		return short
	}
	value := func(v json.RawMessage) json.RawMessage {
		if len(v) > maxValueBytes {
			r.Cut = true
			return nil
		}
		return v
	}
	r.User = text(e.User, maxTextBytes)
	r.Port = text(e.Port, maxTextBytes)
	r.Method = e.Method
	r.Certificate = text(e.Certificate, maxTextBytes)
	r.Reason = text(e.Reason, maxDetailBytes)
	r.Action = text(e.Action, maxTextBytes)
	r.On = text(e.On, maxDetailBytes)
	r.Key, r.Old, r.New = value(e.Key), value(e.Old), value(e.New)
	for i, name := range e.Fields {
		if i == maxFields {
			r.Cut = true
			break
		}
		r.Fields = append(r.Fields, text(name, maxTextBytes))
	}
	r.Detail = text(e.Detail, maxDetailBytes)
	return r
}

func peerText(p netip.AddrPort) string {
	addr := p.Addr().Unmap()
	switch {
	case !addr.IsValid():
		return ""
	case p.Port() == 0: // only the address is known
		return addr.String()
	}
	return netip.AddrPortFrom(addr, p.Port()).String()
}

// shorten cuts a text between two characters.
func shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return strings.Clone(s[:limit])
}
