package extsort

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"rethinkdb/internal/atrest"
)

const (
	// blockBytes is how much is written and read at once. A record that is larger has a block of its own.
	blockBytes  = 64 << 10
	blockHeader = 8
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var errDamaged = errors.New("a temporary file is damaged")

// run is a sorted run: a part of a file.
type run struct {
	file     *os.File
	from, to int64
	maxBlock int                // size of its largest block
	cipher   *atrest.FileCipher // nil when it is not encrypted
}

// xor encrypts or decrypts what is at a place of the file.
func (r *run) xor(p []byte, at int64) {
	if r.cipher != nil {
		r.cipher.XOR(p, at)
	}
}

// runs are the sorted runs of a sorter, in levels: maxRuns of one level make one of the next, so that there are never many to
// merge at the end, and each record is written as often as there are levels. Each level has a file. The runs of a higher level
// are of earlier records.
type runs struct {
	levels []level
}

type level struct {
	file  *os.File
	end   int64
	bytes int64 // taken from the directory
	list  []run
}

// maxRuns of one level are merged at once. In 64 MB that are shared by two workers, there is a second level from 500 MB on.
const maxRuns = 32

// all returns the runs in the order of their records.
func (r *runs) all() []run {
	var list []run
	for i := len(r.levels) - 1; i >= 0; i-- {
		list = append(list, r.levels[i].list...)
	}
	return list
}

// begin begins a run of the lowest level.
func (r *runs) begin(o Options) (*runWriter, error) { return r.beginAt(0, o) }

func (r *runs) beginAt(i int, o Options) (*runWriter, error) {
	if i == len(r.levels) {
		f, err := o.Files.create()
		if err != nil {
			return nil, err
		}
		r.levels = append(r.levels, level{file: f})
	}
	// Each run has a cipher of its own, because there will be others at the same place of the file.
	cipher, err := o.Files.cipher()
	if err != nil {
		return nil, err
	}
	l := &r.levels[i]
	return &runWriter{level: l, files: o.Files, run: run{file: l.file, from: l.end, to: l.end, cipher: cipher}, block: make([]byte, blockHeader, blockBytes)}, nil
}

// compact merges the runs of a level when there are many.
func (r *runs) compact(o Options, p Pauser) error {
	for i := 0; i < len(r.levels) && len(r.levels[i].list) >= maxRuns; i++ {
		w, err := r.beginAt(i+1, o)
		if err != nil {
			return err
		}
		rows := &Rows{unique: o.Unique, limit: o.Limit, reuse: true}
		for _, run := range r.levels[i].list {
			rows.addRun(run)
		}
		for {
			key, row, err := rows.next(p)
			if err != nil {
				return err
			}
			if key == nil {
				break
			}
			if err := w.add(key, row); err != nil {
				return err
			}
		}
		if err := w.end(); err != nil {
			return err
		}
		l := &r.levels[i]
		o.Files.give(l.bytes)
		l.list, l.end, l.bytes = nil, 0, 0
		if err := l.file.Truncate(0); err != nil {
			return fmt.Errorf("empty a temporary file: %w", err)
		}
	}
	return nil
}

func (r *runs) close(d *Directory) {
	for _, l := range r.levels {
		d.close(l.file, l.bytes)
	}
	r.levels = nil
}

// runWriter writes a run:
//
//	block:  length of the records (4 bytes), their CRC-32C (4 bytes), both little endian, records
//	record: as in an arena
type runWriter struct {
	level *level
	files *Directory
	run   run
	block []byte
}

func (w *runWriter) add(key, row []byte) error {
	if n := maxHeader + len(key) + len(row); len(w.block) > blockHeader && len(w.block)+n > blockBytes {
		if err := w.flush(); err != nil {
			return err
		}
	}
	w.block = appendRecord(w.block, key, row)
	return nil
}

// checkEvery is how many bytes are written between two looks at the free space.
const checkEvery = 16 << 20

func (w *runWriter) flush() error {
	if written := w.run.to - w.run.from; written/checkEvery != (written-int64(w.run.maxBlock))/checkEvery || written == 0 {
		if err := w.files.check(int64(len(w.block))); err != nil {
			return err
		}
	}
	if err := w.files.take(int64(len(w.block))); err != nil {
		return err
	}
	w.level.bytes += int64(len(w.block))
	binary.LittleEndian.PutUint32(w.block, uint32(len(w.block)-blockHeader))
	binary.LittleEndian.PutUint32(w.block[4:], crc32.Checksum(w.block[blockHeader:], castagnoli))
	w.run.xor(w.block, w.run.to)
	if _, err := w.run.file.WriteAt(w.block, w.run.to); err != nil {
		return fmt.Errorf("write a temporary file: %w", diskFull(err))
	}
	w.run.to += int64(len(w.block))
	w.run.maxBlock = max(w.run.maxBlock, len(w.block))
	w.block = w.block[:blockHeader]
	return nil
}

// end makes the run one of its level.
func (w *runWriter) end() error {
	if len(w.block) > blockHeader {
		if err := w.flush(); err != nil {
			return err
		}
	}
	w.level.end = w.run.to
	w.level.list = append(w.level.list, w.run)
	return nil
}

// runReader reads a run.
type runReader struct {
	run   run
	block []byte // records that have not been read
	buf   []byte // memory of block
}

// next returns the next record, and a nil key at the end. With reuse both are valid until the next call.
func (r *runReader) next(reuse bool) (key, row []byte, err error) {
	if len(r.block) == 0 {
		if r.run.from == r.run.to {
			r.buf = nil
			return nil, nil, nil
		}
		if err := r.read(reuse); err != nil {
			return nil, nil, fmt.Errorf("read a temporary file: %w", err)
		}
	}
	key, row, n := readRecord(r.block)
	if n == 0 {
		return nil, nil, errDamaged
	}
	r.block = r.block[n:]
	return key, row, nil
}

// read reads the next block.
func (r *runReader) read(reuse bool) error {
	var head [blockHeader]byte
	if _, err := r.run.file.ReadAt(head[:], r.run.from); err != nil {
		return eof(err)
	}
	r.run.xor(head[:], r.run.from)
	n := int(binary.LittleEndian.Uint32(head[:]))
	if n == 0 || blockHeader+n > r.run.maxBlock || int64(blockHeader+n) > r.run.to-r.run.from {
		return errDamaged
	}
	if !reuse || cap(r.buf) < n {
		r.buf = make([]byte, max(n, min(r.run.maxBlock, blockBytes)))
	}
	r.block = r.buf[:n]
	if _, err := r.run.file.ReadAt(r.block, r.run.from+blockHeader); err != nil {
		return eof(err)
	}
	r.run.xor(r.block, r.run.from+blockHeader)
	if crc32.Checksum(r.block, castagnoli) != binary.LittleEndian.Uint32(head[4:]) {
		return errDamaged
	}
	r.run.from += int64(blockHeader + n)
	return nil
}

// eof makes an error of an end where there should be none.
func eof(err error) error {
	if errors.Is(err, io.EOF) {
		return errDamaged
	}
	return err
}
