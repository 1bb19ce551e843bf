package cli

import (
	"strings"

	"rethinkdb/internal/peer"
	"rethinkdb/internal/server"
)

// peerPort is the intracluster port of a server that --join names without one.
const peerPort = 29015

// cluster reads which servers this one belongs to.
func (s settings) cluster(c *server.Config) (err error) {
	c.ClusterSecretFile = s.path("--cluster-secret-file")
	if c.Join, err = s.joinAddresses(peerPort); err != nil {
		return err
	}
	if !s.has("--join-token") {
		if c.Proxy && len(c.Join) == 0 {
			return &optionError{source: "command line", option: "--join", text: "Option '--join' must be specified."}
		}
		return nil
	}
	text, err := joinToken(s.one("--join-token"))
	if err != nil {
		return err
	}
	token, err := peer.ParseToken(text)
	if err != nil {
		return refusef("The join token cannot be used: %s.", err)
	}
	if len(c.Join) == 0 {
		c.Join = token.Addresses
	}
	if len(c.Join) == 0 {
		return refusef("The join token does not say which server to join.").hint("Add --join HOST:PORT.")
	}
	c.JoinToken = &token
	return nil
}

// joinToken is a token, or the one in a file.
func joinToken(word string) (string, error) {
	if peer.IsToken(word) {
		return word, nil
	}
	text, err := readSmallFile(word, peer.MaxTokenBytes)
	if err != nil {
		return "", refusef("Could not read the join token in '%s': %v", word, cause(err)).hint("Give the token itself, or the name of a file with it.")
	}
	return strings.TrimSpace(text), nil
}
