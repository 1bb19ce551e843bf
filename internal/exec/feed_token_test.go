package exec

import (
	"reflect"
	"strings"
	"testing"

	"rethinkdb/internal/feed"
)

func someStreams() []*feedStream {
	mark := feedMark{table: [16]byte{1, 2, 3}, what: [8]byte{4, 5}}
	place := feed.Place{Epoch: 1 << 63, Index: 77, Change: 3, Copy: 1}
	later := feed.Place{Epoch: 12, Index: 99, Change: 1<<32 - 1, Copy: 1<<32 - 1}
	return []*feedStream{
		{mark: mark, position: feed.Position{Place: place}},
		{mark: mark},
		{mark: feedMark{}, position: feed.Position{Place: later, From: place, Done: 5}},
	}
}

func TestResumeToken(t *testing.T) {
	checkToken(t, someStreams())
	divided := someStreams()
	for i, s := range divided {
		s.parts = []partPlace{{group: uint32(1) << (10 * i)}}
	}
	checkToken(t, divided)
	divided[0].past = []groupPosition{{5, divided[2].position}, {6, divided[0].position}}
	checkToken(t, divided)
}

func checkToken(t *testing.T, streams []*feedStream) {
	t.Helper()
	sources, err := decodeToken(encodeToken(streams))
	if err != nil || len(sources) != len(streams) {
		t.Fatal(sources, err)
	}
	for i, s := range streams {
		if sources[i].mark != s.mark || !reflect.DeepEqual(sources[i].trail, s.trail()) {
			t.Errorf("source %d is %+v, want %+v and %+v", i, sources[i], s.mark, s.position)
		}
	}
	token := encodeToken(streams)
	for i := range token {
		other := byte('A')
		if token[i] == other {
			other = 'B'
		}
		for _, bad := range []string{token[:i], token[:i] + string(other) + token[i+1:]} {
			if _, err := decodeToken(bad); err == nil {
				t.Errorf("changed at %d it is a token still", i)
			}
		}
	}
	if _, err := decodeToken(strings.Repeat("A", maxTokenBytes+1)); err == nil {
		t.Error("a token may be very large")
	}
}

// Whatever a client sends, it is a token or an error.
func FuzzResumeToken(f *testing.F) {
	f.Add(encodeToken(someStreams()))
	f.Add(encodeToken(nil))
	late := someStreams()
	late[1].past = []groupPosition{{5, late[2].position}}
	f.Add(encodeToken(late))
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		sources, err := decodeToken(token)
		if err != nil {
			return
		}
		streams := make([]*feedStream, len(sources))
		for i, s := range sources {
			streams[i] = &feedStream{mark: s.mark, position: s.position, past: s.past, parts: []partPlace{{group: s.group}}}
		}
		again, err := decodeToken(encodeToken(streams))
		if err != nil || len(again) != len(sources) {
			t.Fatalf("%q: %v, and again %v, %v", token, sources, again, err)
		}
	})
}
