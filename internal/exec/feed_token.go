package exec

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"

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
// The tokens of tables with several groups have version 2. There each part of a source is one of its own, and the number of its group (uvarint) comes before
// the last column.
//
// with a place as epoch (8 bytes, big endian), commit index, change and copy (uvarints). The checksum finds accidents. It is no
// signature: whoever makes up a token reads changes of a table that he may read.
const (
	tokenVersion        = 1
	dividedTokenVersion = 2
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
	if slices.ContainsFunc(streams, func(s *feedStream) bool { return s.divided }) {
		version = dividedTokenVersion
	}
	b := binary.AppendUvarint([]byte{version}, uint64(len(streams)))
	for _, s := range streams {
		b = append(append(b, s.mark.table[:]...), s.mark.what[:]...)
		if version == dividedTokenVersion {
			b = binary.AppendUvarint(b, uint64(s.group()))
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
	mark     feedMark
	group    uint32 // 0 in tokens that do not say
	position feed.Position
}

var errNoToken = errors.New("not a resume token")

// decodeToken reads a token.
func decodeToken(token string) ([]markedPosition, error) {
	if len(token) > maxTokenBytes {
		return nil, errNoToken
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) < 5 || b[0] != tokenVersion && b[0] != dividedTokenVersion {
		return nil, errNoToken
	}
	end := len(b) - 4
	if binary.BigEndian.Uint32(b[end:]) != crc32.Checksum(b[:end], castagnoli) {
		return nil, errNoToken
	}
	r := tokenReader{b: b[1:end], ok: true, divided: b[0] == dividedTokenVersion}
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
	divided bool // sources name their groups
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
	if r.divided {
		s.group = r.uint32()
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
	if len(sources) != len(r.streams) {
		if slices.Equal(feedMarks(sources, func(p markedPosition) feedMark { return p.mark }), feedMarks(r.streams, func(s *feedStream) feedMark { return s.mark })) {
			return c.dividedAnew(r.streams[0])
		}
		return cannotResume(c.n.t, reql.QueryLogic, "the token is of another feed.")
	}
	for i, s := range r.streams {
		switch p := &sources[i]; {
		case p.mark.table != s.mark.table:
			return cannotResume(c.n.t, reql.OpFailed, "the token is of another table than `"+s.source.table.displayName()+"`, or of one that was dropped since.")
		case p.mark != s.mark || (p.position.Index > 0) == s.static():
			return cannotResume(c.n.t, reql.QueryLogic, "the token is of another feed.")
		case s.divided && p.group != s.group():
			return c.dividedAnew(s)
		default:
			s.position, s.resumed = p.position, true
		}
	}
	r.options.initial = false
	return nil
}

// feedMarks are the marks of sources, each once however many parts it has.
func feedMarks[T any](list []T, mark func(T) feedMark) (marks []feedMark) {
	for _, x := range list {
		marks = append(marks, mark(x))
	}
	return slices.Compact(marks)
}

func (c call) dividedAnew(s *feedStream) error {
	return cannotResume(c.n.t, reql.OpFailed, "table `"+s.source.table.displayName()+"` was divided into other shards since.")
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
