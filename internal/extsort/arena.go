package extsort

import (
	"encoding/binary"
)

// An arena holds the bytes of records in chunks, without a pointer in them:
//
//	length of the key (uvarint), length of the row (uvarint), key, row
type arena struct {
	chunks [][]byte // the first used of them hold records, the others are room from before a reset
	used   int
	bytes  int // of all chunks
}

// Chunks begin small, because many sorts are, and double up to a size at which a chunk that is not full is no loss.
const (
	minChunkBytes = 1 << 10
	maxChunkBytes = 256 << 10
)

// maxHeader is how many bytes a record has beside key and row.
const maxHeader = 2 * binary.MaxVarintLen32

// lacks is how many bytes of memory a record of n bytes would take.
func (a *arena) lacks(n int) int {
	if a.used > 0 && room(a.chunks[a.used-1]) >= n || a.used < len(a.chunks) && cap(a.chunks[a.used]) >= n {
		return 0
	}
	return a.nextSize(n)
}

func room(chunk []byte) int { return cap(chunk) - len(chunk) }

func (a *arena) nextSize(n int) int {
	size := minChunkBytes
	if a.used > 0 {
		size = min(2*cap(a.chunks[a.used-1]), maxChunkBytes)
	}
	return max(size, n)
}

// add copies a record. Its place grows with each record.
func (a *arena) add(key, row []byte) (place uint64) {
	n := maxHeader + len(key) + len(row)
	if a.used == 0 || room(a.chunks[a.used-1]) < n {
		a.begin(n)
	}
	i := a.used - 1
	chunk := a.chunks[i]
	place = uint64(i)<<32 | uint64(len(chunk))
	a.chunks[i] = appendRecord(chunk, key, row)
	return place
}

// begin begins another chunk.
func (a *arena) begin(n int) {
	if a.used < len(a.chunks) && cap(a.chunks[a.used]) < n {
		for _, c := range a.chunks[a.used:] { // not worth a search
			a.bytes -= cap(c)
		}
		a.chunks = a.chunks[:a.used]
	}
	if a.used == len(a.chunks) {
		size := a.nextSize(n)
		a.chunks = append(a.chunks, make([]byte, 0, size))
		a.bytes += size
	}
	a.used++
}

// at returns the record at a place. Both slices are views of the arena.
func (a *arena) at(place uint64) (key, row []byte) {
	key, row, _ = readRecord(a.chunks[place>>32][uint32(place):])
	return key, row
}

// reset forgets all records and keeps the memory.
func (a *arena) reset() {
	for i := range a.chunks[:a.used] {
		a.chunks[i] = a.chunks[i][:0]
	}
	a.used = 0
}

func appendRecord(dst, key, row []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(key)))
	dst = binary.AppendUvarint(dst, uint64(len(row)))
	return append(append(dst, key...), row...)
}

// readRecord returns the record that b begins with, and its size; 0 when there is none, which in memory cannot be.
func readRecord(b []byte) (key, row []byte, size int) {
	k, n := binary.Uvarint(b)
	if n <= 0 {
		return nil, nil, 0
	}
	r, m := binary.Uvarint(b[n:])
	if m <= 0 {
		return nil, nil, 0
	}
	start := uint64(n + m)
	if left := uint64(len(b)) - start; k > left || r > left-k {
		return nil, nil, 0
	}
	end := start + k + r
	return b[start : start+k : start+k], b[start+k : end : end], int(end)
}
