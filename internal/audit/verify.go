package audit

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// A Finding is what is wrong with a line.
type Finding struct {
	Line int // from 1; one more than the last for what is missing at the end
	Text string
}

func (f Finding) String() string { return fmt.Sprintf("line %d %s", f.Line, f.Text) }

// maxFindings is how many are kept of one file; the rest is only counted.
const maxFindings = 100

// Report is what a file of an audit log holds.
type Report struct {
	Lines       int
	First, Last Link   // of the entries; zero if there are none
	Before      string // the hash that the first one follows
	// Torn is the number of bytes after the last whole line, which a crash or a full disk may leave and a restart goes on after.
	Torn     int
	Findings []Finding
	More     int // findings that were not kept
}

// Intact tells whether nothing was found.
func (r *Report) Intact() bool { return len(r.Findings) == 0 }

// intactFrom tells whether nothing was found in a line and in those after it.
func (r *Report) intactFrom(line int) bool {
	return r.More == 0 && !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Line >= line })
}

func (r *Report) add(line int, format string, args ...any) {
	if len(r.Findings) == maxFindings {
		r.More++
		return
	}
	r.Findings = append(r.Findings, Finding{line, fmt.Sprintf(format, args...)})
}

// Verifier checks one file after the other, in their order.
type Verifier struct {
	// Expect is an entry that must be there, such as the last one that the server knows of; zero if none.
	Expect Link

	last    Link // of the line before; a Hash of "" is not known
	report  Report
	suspect []byte // a line that is wrong, unless the next one says that a crash has torn it
	why     error  // what is wrong with it
	foundAt int    // the line with Expect, 0 until it is seen
}

// File checks the next file. An error says that it could not be read.
func (v *Verifier) File(r io.Reader) (Report, error) {
	v.report, v.suspect = Report{}, nil
	in := bufio.NewReaderSize(r, 64<<10)
	for {
		line, whole, err := readLine(in)
		if err := ignoreEOF(err); err != nil {
			return v.report, err
		}
		if !whole {
			v.end(line)
			return v.report, nil
		}
		v.report.Lines++
		v.line(line)
	}
}

// readLine reads a line of any length; of one that is too long to be an entry only the beginning is kept. whole says that a newline
// has ended it, which is not part of it.
func readLine(in *bufio.Reader) (line []byte, whole bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part[:min(len(part), maxLineBytes+1-min(len(line), maxLineBytes+1))]...)
		switch {
		case err == nil:
			if n := len(line); line[n-1] == '\n' {
				line = line[:n-1]
			}
			return line, true, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return line, false, err
		}
	}
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// line checks a whole line.
func (v *Verifier) line(text []byte) {
	p, err := parseLine(text)
	if v.suspect != nil {
		follows := v.last == (Link{}) || p.prev == v.last.Hash && p.seq == v.last.Seq+1
		if err == nil && p.event == string(tornLine) && follows && tellsOf(text, v.suspect) {
			v.suspect = nil
		} else {
			v.accuse(v.report.Lines - 1)
		}
	}
	if err != nil {
		v.suspect, v.why = text, err
		return
	}
	v.follow(v.report.Lines, p)
}

// tellsOf tells whether a line, which is in order, is about the torn line before it.
func tellsOf(line, torn []byte) bool {
	var r record
	return json.Unmarshal(line, &r) == nil && r.Detail == tornDetail(torn)
}

// accuse reports the suspect, which is a line of the file. The line after it is judged by its number only.
func (v *Verifier) accuse(line int) {
	v.report.add(line, "%s", v.why)
	v.suspect = nil
	if v.last != (Link{}) {
		v.last = Link{Seq: v.last.Seq + 1}
	}
}

// follow checks that an entry follows the one before.
func (v *Verifier) follow(line int, p parsed) {
	switch {
	case v.last == (Link{}): // the first of all
		if p.seq == 1 && p.prev != genesis.Hash {
			v.report.add(line, "says that it is the first entry of all, and that another is before it")
		}
	case p.seq > v.last.Seq+1:
		v.report.add(line, "is entry %d, and the entries from %d on are missing before it", p.seq, v.last.Seq+1)
	case p.seq <= v.last.Seq:
		v.report.add(line, "is entry %d and comes after entry %d", p.seq, v.last.Seq)
	case v.last.Hash != "" && p.prev != v.last.Hash:
		v.report.add(line, "does not follow from the line before it, which was replaced")
	}
	v.last = Link{p.seq, p.hash}
	if v.report.First == (Link{}) {
		v.report.First, v.report.Before = v.last, p.prev
	}
	v.report.Last = v.last
	if p.seq == v.Expect.Seq && v.Expect.Seq != 0 {
		v.foundAt = line
		if p.hash != v.Expect.Hash {
			v.report.add(line, "is entry %d, but not the one that is known from elsewhere", p.seq)
		}
	}
}

// end checks what is after the last newline.
func (v *Verifier) end(text []byte) {
	if len(text) == 0 {
		if v.suspect != nil {
			v.accuse(v.report.Lines)
		}
		return
	}
	p, err := parseLine(text)
	switch {
	case err == nil && v.suspect == nil: // nothing but its newline is missing
		v.report.Lines++
		v.follow(v.report.Lines, p)
		return
	case v.suspect != nil:
		v.accuse(v.report.Lines)
	}
	next := uint64(0) // any
	if v.last != (Link{}) {
		next = v.last.Seq + 1
	}
	if isTorn(text, next) {
		v.report.Torn = len(text)
		return
	}
	v.report.add(v.report.Lines+1, "%s", errForm)
}

// Missing tells, after the last file, whether the entry that must be there was not.
func (v *Verifier) Missing() bool { return v.Expect.Seq != 0 && v.foundAt == 0 }
