package audit

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"slices"
)

// FileReport is what one file of a log holds.
type FileReport struct {
	Path string
	Report
}

// VerifyFiles checks the files of one log, which may be given in any order. expect is an entry that must be in one of them, zero if
// none; missing tells that it is in none. An error says that a file could not be read.
func VerifyFiles(paths []string, expect Link) (reports []FileReport, missing bool, err error) {
	first := make(map[string]uint64, len(paths))
	for _, path := range paths {
		if first[path], err = firstEntry(path); err != nil {
			return nil, false, err
		}
	}
	ordered := slices.Clone(paths)
	slices.SortStableFunc(ordered, func(a, b string) int {
		switch {
		case first[a] < first[b]:
			return -1
		case first[a] > first[b]:
			return 1
		}
		return 0
	})
	v := Verifier{Expect: expect}
	for _, path := range ordered {
		r, err := v.file(path)
		if err != nil {
			return nil, false, fmt.Errorf("read %s: %w", path, err)
		}
		reports = append(reports, FileReport{path, r})
	}
	return reports, v.Missing(), nil
}

func (v *Verifier) file(path string) (Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return Report{}, err
	}
	defer f.Close()
	return v.File(f)
}

// firstEntry is the number of the first line that is one, 0 if there is none.
func firstEntry(path string) (uint64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 64<<10)
	for {
		line, whole, err := readLine(in)
		if p, bad := parseLine(line); bad == nil || errors.Is(bad, errHash) {
			return p.seq, nil
		}
		if !whole {
			return 0, ignoreEOF(err)
		}
	}
}
