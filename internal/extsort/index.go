package extsort

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// record stands for a record of an arena. It has no pointer, so that the garbage collector need not look at an index.
type record struct {
	digit uint64 // digitBytes of the key: the first ones, or those at the depth that sorting has reached
	place uint64 // in the arena; it makes the order of equal keys that of the input
}

const digitBytes = 8

// digit returns the bytes of a key from depth on as a number; those beyond its end are 0.
func digit(key []byte, depth int) uint64 {
	if len(key) >= depth+digitBytes {
		return binary.BigEndian.Uint64(key[depth:])
	}
	var d uint64
	if depth < len(key) {
		for _, b := range key[depth:] {
			d = d<<8 | uint64(b)
		}
		d <<= 8 * (digitBytes - (len(key) - depth))
	}
	return d
}

// span is a part of the index whose keys are equal up to depth.
type span struct{ from, to, depth int }

// Spans of less records than this are sorted by comparing: a radix sort begins with clearing 8 KB of counters.
const minRadix = 256

// pauseRecords is how many records are looked at between two pauses: a millisecond or a few, when each is a cache miss.
const pauseRecords = 1 << 14

// pauseRows is how many records are written or read with their rows between two pauses: a megabyte or a few.
const pauseRows = 1 << 10

// sortIndex sorts an index by the keys in the arena: by digits from the left, so that a key is only read as far as it is needed
// to tell it from others, and each digit by radix. A sort by comparing reads two keys at random places of memory for each of
// n log n comparisons. The digits are not those at depth 0 afterwards. scratch is returned for the next time.
//
// Because no key is the beginning of another, keys whose digits are equal are equal if one of them ends there.
func sortIndex(index, scratch []record, a *arena, p Pauser) ([]record, error) {
	spans := []span{{0, len(index), 0}}
	looked := 0 // at records, since the last pause
	for len(spans) > 0 {
		s := spans[len(spans)-1]
		spans = spans[:len(spans)-1]
		part := index[s.from:s.to]
		if looked += len(part); looked > pauseRecords {
			looked = 0
			if err := p.Pause(); err != nil {
				return scratch, err
			}
		}
		if s.depth > 0 {
			if err := loadDigits(part, a, s.depth, p); err != nil {
				return scratch, err
			}
		}
		if len(part) < minRadix {
			sortFew(part, a, s.depth)
			continue
		}
		if len(scratch) < len(part) {
			scratch = make([]record, len(index))
		}
		if err := radixSort(part, scratch[:len(part)], p); err != nil {
			return scratch, err
		}
		for i := 0; i < len(part); {
			j := i + 1
			for j < len(part) && part[j].digit == part[i].digit {
				j++
			}
			if key, _ := a.at(part[i].place); j > i+1 && len(key) > s.depth+digitBytes {
				spans = append(spans, span{s.from + i, s.from + j, s.depth + digitBytes})
			}
			i = j
		}
	}
	return scratch, nil
}

func loadDigits(part []record, a *arena, depth int, p Pauser) error {
	for i := range part {
		if i%pauseRecords == pauseRecords-1 {
			if err := p.Pause(); err != nil {
				return err
			}
		}
		key, _ := a.at(part[i].place)
		part[i].digit = digit(key, depth)
	}
	return nil
}

func sortFew(part []record, a *arena, depth int) {
	slices.SortFunc(part, func(x, y record) int {
		if x.digit != y.digit {
			return cmp.Compare(x.digit, y.digit)
		}
		xk, _ := a.at(x.place)
		yk, _ := a.at(y.place)
		depth := min(depth, len(xk), len(yk))
		return cmp.Or(bytes.Compare(xk[depth:], yk[depth:]), cmp.Compare(x.place, y.place))
	})
}

// radixSort sorts by digit, stably: by its lowest byte first. Bytes that are the same everywhere cost nothing.
func radixSort(part, scratch []record, p Pauser) error {
	var counts [digitBytes][256]uint32
	for i := range part {
		d := part[i].digit
		for b := range counts {
			counts[b][byte(d>>(8*b))]++
		}
	}
	from, to := part, scratch
	for b := range counts {
		c, shift := &counts[b], 8*b
		if c[byte(from[0].digit>>shift)] == uint32(len(from)) {
			continue
		}
		sum := uint32(0)
		for i, n := range c {
			c[i] = sum
			sum += n
		}
		for rest := from; len(rest) > 0; {
			few := rest[:min(len(rest), pauseRecords)]
			rest = rest[len(few):]
			for _, r := range few {
				k := byte(r.digit >> shift)
				to[c[k]] = r
				c[k]++
			}
			if err := p.Pause(); err != nil {
				return err
			}
		}
		from, to = to, from
	}
	if &from[0] != &part[0] {
		copy(part, from)
	}
	return nil
}
