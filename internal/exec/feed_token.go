package exec

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
	"time"

	"github.com/google/uuid"

	"rethinkdb/internal/feed"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

// A resume token is base64url of
//
//	version (1 byte) | number of sources (uvarint) | the sources | CRC-32C of all before (4 bytes, big endian)
//
// and each source, of which a union has several, is
//
//	table (16 bytes) | what is watched of it (8) | 0, for a source that never changes
//	                                             | 1, place
//	                                             | 2, place, place where the batch of squashed changes begins, events of it that were given (uvarint)
//
// Since version 2 each part of a source is one of its own, and the number of its group (uvarint) comes before the last column. In version 3, of feeds that have not yet come to
// the own histories of all groups, the number of inherited ones (uvarint) is in between, with the group of each (uvarint) and a column as the last one.
//
// with a place as epoch (8 bytes, big endian), commit index, change and copy (uvarints). The checksum finds accidents. It is no
// signature: whoever makes up a token reads changes of a table that he may read.
const (
	undividedTokenVersion = 1 // of older programs
	tokenVersion          = 2
	pastTokenVersion      = 3
)

// maxTokenBytes bounds what is decoded. It is enough for unions of several hundred sources.
const maxTokenBytes = 64 << 10

// feedMark says what a source is of. A token fits a source with the same mark only.
type feedMark struct {
	table [16]byte
	what  [8]byte
}

// mark gives the mark of a source.
func (f *feedSource) mark(id feedIdentity) (m feedMark, err error) {
	u, err := uuid.Parse(f.table.ID())
	if err != nil {
		return m, err
	}
	m.table = u
	h := sha256.New()
	h.Write([]byte(id.name))
	number := uint32(0) // an index that was dropped and made again has another one
	if f.scan != nil {
		switch src := f.scan.rows.(type) {
		case *indexSource:
			number = src.index.Number()
		case *geoSource:
			number = src.info.Index.Number()
		}
	}
	h.Write(binary.BigEndian.AppendUint32(nil, number))
	copy(m.what[:], h.Sum(nil))
	return m, nil
}

// Bytes in front of the places of a source.
const (
	neverChanges byte = iota
	atPlace
	inBatch
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// encodeToken makes the token of the present positions of a feed.
func encodeToken(streams []*feedStream) string {
	version := byte(tokenVersion)
	if slices.ContainsFunc(streams, func(s *feedStream) bool { return len(s.past) > 0 }) {
		version = pastTokenVersion
	}
	b := binary.AppendUvarint([]byte{version}, uint64(len(streams)))
	for _, s := range streams {
		b = append(append(b, s.mark.table[:]...), s.mark.what[:]...)
		b = binary.AppendUvarint(b, uint64(s.group()))
		if version == pastTokenVersion {
			b = binary.AppendUvarint(b, uint64(len(s.past)))
			for _, p := range s.past {
				b = appendPosition(binary.AppendUvarint(b, uint64(p.group)), &p.position)
			}
		}
		b = appendPosition(b, &s.position)
	}
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	return base64.RawURLEncoding.EncodeToString(b)
}

func appendPlace(b []byte, p feed.Place) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(p.Epoch))
	b = binary.AppendUvarint(b, uint64(p.Index))
	b = binary.AppendUvarint(b, uint64(p.Change))
	return binary.AppendUvarint(b, uint64(p.Copy))
}

// markedPosition is a source in a token.
type markedPosition struct {
	mark  feedMark
	trail // the group is 0 in tokens that do not say
}

var errNoToken = errors.New("not a resume token")

// decodeToken reads a token.
func decodeToken(token string) ([]markedPosition, error) {
	if len(token) > maxTokenBytes {
		return nil, errNoToken
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) < 5 || b[0] < undividedTokenVersion || b[0] > pastTokenVersion {
		return nil, errNoToken
	}
	end := len(b) - 4
	if binary.BigEndian.Uint32(b[end:]) != crc32.Checksum(b[:end], castagnoli) {
		return nil, errNoToken
	}
	r := tokenReader{b: b[1:end], ok: true, version: b[0]}
	var sources []markedPosition
	for n := r.uvarint(); n > 0 && r.ok; n-- {
		sources = append(sources, r.source())
	}
	if !r.ok || len(r.b) > 0 {
		return nil, errNoToken
	}
	return sources, nil
}

// tokenReader reads the parts of a token, until one is missing.
type tokenReader struct {
	b       []byte
	ok      bool
	version byte
}

func (r *tokenReader) take(n int) []byte {
	if !r.ok || len(r.b) < n {
		r.ok = false
		return make([]byte, n)
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *tokenReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.ok = false
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *tokenReader) uint32() uint32 {
	v := r.uvarint()
	r.ok = r.ok && v == uint64(uint32(v))
	return uint32(v)
}

func (r *tokenReader) place() feed.Place {
	return feed.Place{Epoch: table.Epoch(binary.BigEndian.Uint64(r.take(8))), Index: table.CommitIndex(r.uvarint()), Change: r.uint32(), Copy: r.uint32()}
}

func (r *tokenReader) source() (s markedPosition) {
	copy(s.mark.table[:], r.take(16))
	copy(s.mark.what[:], r.take(8))
	if r.version >= tokenVersion {
		s.group = r.uint32()
	}
	if r.version == pastTokenVersion {
		for n := r.uvarint(); n > 0 && r.ok; n-- {
			s.past = append(s.past, groupPosition{r.uint32(), r.position()})
		}
	}
	s.position = r.position()
	return s
}

// cannotResume is an error after which the client has to start the feed anew. All of them begin alike, so that it can tell.
func cannotResume(at *reql.Term, class reql.ErrorClass, why string) error {
	return failAt(at, class, "Cannot resume the changefeed: %s", why)
}

// resume sets where the streams of a feed begin.
func (c call) resume(r *feedRows) error {
	token, ok, err := c.optStr("resume_after")
	if err != nil || !ok {
		return err
	}
	sources, err := decodeToken(token)
	if err != nil {
		return cannotResume(c.n.t, reql.QueryLogic, "`resume_after` is not a resume token.")
	}
	var resumed []*feedStream
	streams := r.streams
	for len(sources) > 0 && len(streams) > 0 {
		own := streams[:prefix(streams, func(x *feedStream) bool { return x.number == streams[0].number })]
		of := sources[:prefix(sources, func(x markedPosition) bool { return x.mark == sources[0].mark })]
		streams, sources = streams[len(own):], sources[len(of):]
		if own, err = c.resumeSource(own, of); err != nil {
			return err
		}
		resumed = append(resumed, own...)
	}
	if len(sources) != len(streams) {
		return c.anotherFeed()
	}
	r.streams, r.options.initial = resumed, false
	return nil
}

// prefix is how many elements a list begins with that are the same in some way.
func prefix[T any](list []T, same func(T) bool) int {
	if n := slices.IndexFunc(list, func(x T) bool { return !same(x) }); n >= 0 {
		return n
	}
	return len(list)
}

func (c call) anotherFeed() error {
	return cannotResume(c.n.t, reql.QueryLogic, "the token is of another feed.")
}

// resumeSource gives the streams of a source that begin where a token says; they take the place of those that are given.
func (c call) resumeSource(streams []*feedStream, of []markedPosition) ([]*feedStream, error) {
	s := streams[0]
	if of[0].mark.table != s.mark.table {
		return nil, cannotResume(c.n.t, reql.OpFailed, "the token is of another table than `"+s.source.table.displayName()+"`, or of one that was dropped since.")
	}
	if of[0].mark != s.mark || slices.ContainsFunc(of, func(p markedPosition) bool { return (p.position.Index > 0) == s.static() }) {
		return nil, c.anotherFeed()
	}
	if s.static() {
		return streams, nil
	}
	from := make([]trail, len(of))
	for i, p := range of {
		from[i] = p.trail
	}
	streams, err := c.resumed(s, from)
	if err != nil {
		return nil, unexpected(s.failed(err, c.n.t))
	}
	return streams, nil
}

// resumed gives streams like one that go on where a token says. If that is of a division of the table that this server has not heard of yet, it waits for that.
func (c call) resumed(like *feedStream, from []trail) ([]*feedStream, error) {
	t, ok := like.source.table.Table.(lineal)
	if !ok {
		return nil, table.ErrHistoryLost
	}
	for until := time.Now().Add(placePatience); ; {
		lineage := t.Lineage()
		if len(from) == 1 && from[0].group == 0 {
			from[0].group = undivided(lineage)
		}
		if !newer(from, lineage) || time.Now().After(until) {
			return like.successors(t, from)
		}
		select {
		case <-time.After(placePause):
		case <-c.fr.q.ctx.Done():
			return nil, errInterrupted
		}
	}
}

// newer tells whether a token is of groups that came after all that are known: their numbers grow.
func newer(from []trail, lineage []table.Division) bool {
	last := slices.Max(lineage[len(lineage)-1].Groups)
	return slices.ContainsFunc(from, func(t trail) bool { return t.group > uint32(last) })
}

// undivided is the group that a token means which does not say, of a program whose tables had one: the oldest that is known.
func undivided(lineage []table.Division) uint32 {
	if first := &lineage[0]; len(first.Groups) == 1 {
		return uint32(first.Groups[0])
	}
	return 0
}

// logged tells that what the source shows can be found in the history of a table.
func (f *feedSource) logged() bool {
	_, system := f.table.Table.(watchedTable)
	return !system && !f.ordered
}

// unresumable gives the error of a source whose feeds cannot be resumed.
func (f *feedSource) unresumable(c call, id feedIdentity) error {
	if _, system := f.table.Table.(watchedTable); system {
		return c.fail(reql.OpFailed, "System tables don't support resume tokens.")
	}
	if f.ordered {
		return c.logic("Cannot include resume tokens for limit subs.")
	}
	if id.name == "" {
		return c.logic("Cannot include resume tokens: what the feed shows depends on more than its terms, such as the time, a variable or another query.")
	}
	return nil
}
