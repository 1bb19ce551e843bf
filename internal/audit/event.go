package audit

import (
	"encoding/json"
	"net/netip"
	"slices"
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
	Bearer       Method = "http_bearer"        // a token of an HTTP request
	AdminCommand Method = "admin_command_line" // `rethinkdb admin`, which does SCRAM on the intracluster port
	Server       Method = "server"             // another server, whose proof Detail names
	Page         Method = "web_page"           // the form of the administration page
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
	cut  bool // something was too long
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

// bound cuts what is too long, and makes the rest the event's own: a name may be a part of a query of many megabytes, which would
// stay in memory for as long as the event is remembered.
func (e *Event) bound() {
	text := func(s *string, limit int) {
		short := shorten(*s, limit)
		e.cut = e.cut || len(short) < len(*s)
		*s = strings.Clone(short)
	}
	text(&e.User, maxTextBytes)
	text(&e.Port, maxTextBytes)
	text(&e.Certificate, maxTextBytes)
	text(&e.Reason, maxDetailBytes)
	text(&e.Action, maxTextBytes)
	text(&e.On, maxDetailBytes)
	text(&e.Detail, maxDetailBytes)
	if len(e.Fields) > maxFields {
		e.Fields, e.cut = e.Fields[:maxFields], true
	}
	e.Fields = slices.Clone(e.Fields)
	for i := range e.Fields {
		text(&e.Fields[i], maxTextBytes)
	}
	for _, v := range []*json.RawMessage{&e.Key, &e.Old, &e.New} {
		if len(*v) > maxValueBytes {
			*v, e.cut = nil, true
		}
	}
}

func (e *Event) record(seq uint64) record {
	return record{
		Seq: seq, Time: stamp(e.time), Kind: e.Kind, User: e.User, Peer: peerText(e.Peer), Port: e.Port, Method: e.Method,
		Certificate: e.Certificate, Reason: e.Reason, Action: e.Action, On: e.On, Key: e.Key, Fields: e.Fields, Old: e.Old, New: e.New,
		Detail: e.Detail, Count: e.count, Since: stamp(e.since), Cut: e.cut,
	}
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
	return s[:limit]
}
