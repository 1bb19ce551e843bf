package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Link is a place in the chain: the number of an entry and the hash of its line, in hexadecimal.
type Link struct {
	Seq  uint64
	Hash string
}

// genesis is what the first entry of all follows.
var genesis = Link{Hash: strings.Repeat("0", hashDigits)}

func (l Link) String() string { return strconv.FormatUint(l.Seq, 10) + ":" + l.Hash }

// ParseLink reads what String has written.
func ParseLink(text string) (Link, error) {
	number, hash, _ := strings.Cut(text, ":")
	seq, err := strconv.ParseUint(number, 10, 64)
	if err != nil || !isHash([]byte(hash)) {
		return Link{}, fmt.Errorf("'%s' is not the number of an entry, a colon and its hash", text)
	}
	return Link{seq, hash}, nil
}

const hashDigits = 2 * sha256.Size

// The parts of a line, in this order: what has happened, the hash of the line before, and the hash of all bytes up to there.
const (
	seqPart   = `{"seq":`
	timePart  = `,"time":"`
	eventPart = `,"event":"`
	prevPart  = `,"prev":"`
	hashPart  = `","hash":"`
	endPart   = `"}`

	tailBytes = len(prevPart) + hashDigits + len(hashPart) + hashDigits + len(endPart)
)

// maxLineBytes is more than a line can have: each text is bounded, and its JSON form has at most six times as many bytes.
const maxLineBytes = 6*(3*maxDetailBytes+(8+maxFields)*maxTextBytes) + 3*maxValueBytes + 1024

// appendLine appends the line of an event that follows last, with its newline, and returns its link.
func appendLine(dst []byte, e *Event, last Link) ([]byte, Link) {
	seq := last.Seq + 1
	start := len(dst)
	dst = append(dst, encode(e.record(seq))...)
	dst = dst[:len(dst)-1] // the closing brace
	dst = append(dst, prevPart...)
	dst = append(dst, last.Hash...)
	sum := sha256.Sum256(dst[start:])
	hash := hex.EncodeToString(sum[:])
	dst = append(dst, hashPart...)
	dst = append(dst, hash...)
	dst = append(dst, endPart...)
	return append(dst, '\n'), Link{seq, hash}
}

// encode writes a record as JSON without white space.
func encode(r record) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(r); err != nil {
		// Only what was given as JSON can be none.
		b.Reset()
		r.Key, r.Old, r.New, r.Cut = nil, nil, nil, true
		if err := encoder.Encode(r); err != nil {
			panic(fmt.Sprintf("audit: a record without values has no JSON form: %v", err))
		}
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// parsed is a line that has the right form. Its fields are parts of the line.
type parsed struct {
	seq        uint64
	event      string
	prev, hash string
}

var (
	errForm = errors.New("is no line of an audit log")
	errHash = errors.New("was changed: its hash is not that of its text")
)

// parseLine reads a line without its newline. With errHash the line has the right form.
func parseLine(line []byte) (p parsed, err error) {
	head, ok := bytes.CutPrefix(line, []byte(seqPart))
	if !ok || len(line) < tailBytes {
		return p, errForm
	}
	number, rest, ok := bytes.Cut(head, []byte(timePart))
	if !ok || len(number) == 0 || number[0] == '0' {
		return p, errForm
	}
	if p.seq, err = strconv.ParseUint(string(number), 10, 64); err != nil {
		return p, errForm
	}
	if _, rest, ok = bytes.Cut(rest, []byte(eventPart)); ok {
		name, _, _ := bytes.Cut(rest, []byte{'"'})
		p.event = string(name)
	}
	tail := line[len(line)-tailBytes:]
	for _, want := range []string{prevPart, "", hashPart, "", endPart} {
		if want == "" {
			if !isHash(tail[:hashDigits]) {
				return p, errForm
			}
			p.prev, p.hash = p.hash, string(tail[:hashDigits])
			tail = tail[hashDigits:]
			continue
		}
		if !bytes.HasPrefix(tail, []byte(want)) {
			return p, errForm
		}
		tail = tail[len(want):]
	}
	sum := sha256.Sum256(line[:len(line)-len(hashPart)-hashDigits-len(endPart)])
	if hex.EncodeToString(sum[:]) != p.hash {
		return p, errHash
	}
	return p, nil
}

// isHash tells whether text is a hash as appendLine writes it.
func isHash(text []byte) bool {
	if len(text) != hashDigits {
		return false
	}
	for _, c := range text {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// isTorn tells whether text, which no newline follows, may be the beginning of the line with the number seq, or with any if seq is 0:
// what a crash leaves of one. A line that is whole, or has something after its end, is not torn.
func isTorn(text []byte, seq uint64) bool {
	begin := []byte(seqPart)
	if seq != 0 {
		begin = append(strconv.AppendUint(begin, seq, 10), timePart...)
	}
	if n := min(len(text), len(begin)); !bytes.Equal(text[:n], begin[:n]) {
		return false
	}
	for rest := text; ; {
		_, after, ok := bytes.Cut(rest, []byte(prevPart))
		if !ok {
			return true
		}
		rest = after
		if len(rest) >= hashDigits+len(hashPart)+hashDigits+len(endPart) && isHash(rest[:hashDigits]) &&
			bytes.HasPrefix(rest[hashDigits:], []byte(hashPart)) {
			return false
		}
	}
}

// tornDetail is the Detail of the event that follows a torn line.
func tornDetail(text []byte) string {
	return fmt.Sprintf("%d bytes, sha256 %x", len(text), sha256.Sum256(text))
}
