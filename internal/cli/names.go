package cli

import (
	"crypto/rand"
	"os"
	"strings"
)

const validNameText = "Use A-Z, a-z, 0-9, _ and - only"

// maxNameBytes is RethinkDB's limit for the name of anything.
const maxNameBytes = 127

func nameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

func validName(name string) bool {
	for i := 0; i < len(name); i++ {
		if !nameByte(name[i]) {
			return false
		}
	}
	return name != "" && len(name) <= maxNameBytes
}

// serverName is the name of a new server: the one given, or the host's with three random characters, so that the servers of
// one machine differ.
func (s settings) serverName() (string, error) {
	if s.has("--server-name") {
		name := s.one("--server-name")
		if !validName(name) {
			return "", refusef("server-name '%s' is invalid.  (%s)", name, validNameText)
		}
		return name, nil
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "server"
	}
	host = strings.Map(func(r rune) rune {
		if r < 128 && r != '-' && nameByte(byte(r)) {
			return r
		}
		return '_'
	}, host[:min(len(host), 63)])
	return host + "_" + strings.ToLower(rand.Text()[:3]), nil
}

// serverTags are the tags of a new server; `default` is always one.
func (s settings) serverTags() ([]string, error) {
	tags := []string{"default"}
	for _, tag := range s.all("--server-tag") {
		if !validName(tag) {
			return nil, refusef("--server_tag %s is invalid. (%s)", tag, validNameText)
		}
		tags = append(tags, tag)
	}
	return tags, nil
}
