package cluster

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"rethinkdb/internal/peer"
)

// ServerID is the identifier of a server: a UUID, or "proxy-" and one.
type ServerID string

// ID is the identifier of a cluster, a UUID.
type ID string

// Member is a server of the cluster, as the metadata has it.
type Member struct {
	ID        ServerID `json:"id"`
	Name      string   `json:"name"`
	Addresses []string `json:"addresses"` // host:port of its intracluster port, the best one first
	// Fingerprint is of the key that it shows on the intracluster port, by which the others know it.
	Fingerprint peer.Fingerprint `json:"fingerprint"`
	Proxy       bool             `json:"proxy,omitempty"`
}

// Record is what a server tells another one of itself, which has proved that it may know.
type Record struct {
	Member
	Tags    []string `json:"tags,omitempty"`
	Program string   `json:"program"`         // its version
	Level   int      `json:"level,omitempty"` // the newest level of the program's features that it knows
	Cluster ID       `json:"cluster"`
	// Settled: it has tables, or other servers belong to its cluster, so that it cannot give its cluster up for another one.
	Settled bool `json:"settled,omitempty"`
}

const (
	maxTags       = 256
	maxFieldBytes = 256
)

// check refuses what no server says of itself; the rest may be printed.
func (r Record) check() *peer.Refusal {
	texts := append(append([]string{string(r.ID), r.Name, r.Program, string(r.Cluster)}, r.Tags...), r.Addresses...)
	printable := func(text string) bool {
		return len(text) <= maxFieldBytes && !strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' })
	}
	if len(r.Tags) > maxTags || len(r.Addresses) > maxAddresses || slices.ContainsFunc(texts, func(text string) bool { return !printable(text) }) {
		return &peer.Refusal{Kind: peer.BadMessage, Text: "What the server tells of itself cannot be read."}
	}
	return nil
}

func (m Member) title() string {
	if m.Proxy {
		return "proxy " + string(m.ID)
	}
	return fmt.Sprintf("server %q %s", m.Name, m.ID)
}

// maxAddresses is how many addresses of a server are tried; it bounds what a record makes others do.
const maxAddresses = 32

// Link is a connection with another server, for those who look.
type Link struct {
	Record
	Address string // of the other end
	Since   time.Time
}
