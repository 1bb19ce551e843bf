package peer

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// The versions of the protocol that this program speaks.
const (
	minVersion = 1
	maxVersion = 1
)

const (
	// maxMessageBytes is far more than any message of the handshake has.
	maxMessageBytes = 16 << 10
	maxFieldBytes   = 256
)

// method is how the dialer proves itself.
type method string

const (
	byToken       method = "token"
	byMember      method = "member" // the listener knows its key as that of a server of its cluster
	bySecret      method = "secret"
	byCertificate method = "certificate" // one that the authority has signed: TLS has done all of it
	byNothing     method = "none"        // the listener does not ask for a proof
)

// Server is what a server tells another one of itself. Nobody hears it before having proved who it is.
type Server struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Program string `json:"program"`
}

// The messages, in their order. What a receiver does not know in one it leaves alone, so that later versions can add to them.
type (
	// hello is the dialer's.
	hello struct {
		MinVersion int      `json:"min_version"`
		MaxVersion int      `json:"max_version"`
		Features   []string `json:"features,omitempty"`
		Methods    []method `json:"methods"` // that the dialer can do
		Token      string   `json:"token,omitempty"`
	}
	// choice is the listener's.
	choice struct {
		Version  int      `json:"version,omitempty"`
		Features []string `json:"features,omitempty"` // that both have
		Method   method   `json:"method,omitempty"`
		Refusal  *Refusal `json:"refusal,omitempty"`
	}
	// evidence is the dialer's.
	evidence struct {
		Proof  []byte `json:"proof,omitempty"`
		Server Server `json:"server"`
	}
	// verdict is the listener's. A refusal that comes with a proof is that of a listener that has accepted the dialer's.
	verdict struct {
		Proof   []byte   `json:"proof,omitempty"`
		Server  Server   `json:"server,omitzero"`
		Refusal *Refusal `json:"refusal,omitempty"`
	}
)

// Kind is what kind of refusal one is, for programs.
type Kind string

// The kinds.
const (
	BadMessage   Kind = "protocol"    // something came that is not of this protocol
	BadVersion   Kind = "version"     // the two programs have no version in common
	NoProof      Kind = "credentials" // a proof is needed, and there is none that both sides can do
	BadProof     Kind = "proof"       // the proof was wrong
	Unavailable  Kind = "unavailable" // everything is right, but the server takes nobody
	NoMember     Kind = "member"      // the listener knows no such server in its cluster
	Removed      Kind = "removed"     // it was one, and was taken out
	OtherCluster Kind = "cluster"     // the two belong to two clusters
	NameTaken    Kind = "name"        // the cluster has a server of that name
	Duplicate    Kind = "duplicate"   // there is a connection already, which stays
	Myself       Kind = "self"        // the two are the same server
)

// Refusal is why a server does not take another one, in sentences for whoever runs that one.
type Refusal struct {
	Kind Kind   `json:"kind"`
	Text string `json:"text"`
}

func (r *Refusal) Error() string { return r.Text }

func refusef(k Kind, format string, args ...any) *Refusal {
	return &Refusal{k, fmt.Sprintf(format, args...)}
}

// Send writes a message: its length in four bytes, the lowest first, and JSON.
func Send(w io.Writer, message any) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	_, err = w.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(text))), text...))
	return err
}

// receive reads a message of the handshake.
func receive(r io.Reader, message any) error { return Receive(r, maxMessageBytes, message) }

// Receive reads a message. A *Refusal is what the other side is to hear of it.
func Receive(r io.Reader, maxBytes uint32, message any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	size := binary.LittleEndian.Uint32(head[:])
	if size > maxBytes {
		return refusef(BadMessage, "a message of %d bytes is too long", size)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return err
	}
	if err := json.Unmarshal(text, message); err != nil {
		return refusef(BadMessage, "a message cannot be read")
	}
	return nil
}

// check refuses what no server says of itself; the rest may be printed.
func (s Server) check() *Refusal {
	for _, text := range []string{s.ID, s.Name, s.Program} {
		if len(text) > maxFieldBytes || slices.ContainsFunc([]byte(text), func(b byte) bool { return b < ' ' || b > '~' }) {
			return refusef(BadMessage, "the name of a server cannot be read")
		}
	}
	return nil
}

// negotiate chooses a version.
func (h hello) negotiate() (version int, refused *Refusal) {
	version = min(maxVersion, h.MaxVersion)
	if version < max(minVersion, h.MinVersion) {
		return 0, refusef(BadVersion, "This server speaks the versions %d to %d of the protocol between servers, and the other one %d to %d. "+
			"Bring the older one up to date.", minVersion, maxVersion, h.MinVersion, h.MaxVersion)
	}
	return version, nil
}

// features are those of this program, and intersect those that both sides have.
var features []string

func intersect(theirs []string) []string {
	return slices.DeleteFunc(slices.Clone(features), func(f string) bool { return !slices.Contains(theirs, f) })
}
