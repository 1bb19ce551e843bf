package storage

import (
	"errors"
	"io"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"

	"rethinkdb/internal/atrest"
)

// encryptedFS encrypts what is in files, not their names. Each file begins with a header, which travels with the file when it is
// renamed or linked, so that there is no list of files that could differ from the directory after a crash. All sizes and
// offsets that the user of the file system sees are without the header.
//
// It lies on top of the layer that waits for a full disk: that one writes a second time, and what is encrypted twice is not encrypted.
type encryptedFS struct {
	vfs.FS // for what is about names only
	ring   *atrest.Keyring
}

func (fs *encryptedFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := fs.FS.Create(name, category)
	if err != nil {
		return nil, err
	}
	header, cipher, err := fs.ring.NewFile()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &encryptedFile{File: f, cipher: cipher, header: header}, nil
}

// ReuseForWrite takes a file of the log for another one, which gets a header and so a key of its own: the rest of the old content
// can no longer be read, and nothing is ever encrypted with the old key again. The reader of the log takes such a rest for the end,
// like one of another log. The header lies within the first sector of the disk, so a crash leaves the old or the new one.
func (fs *encryptedFS) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := fs.FS.ReuseForWrite(oldname, newname, category)
	if err != nil {
		return nil, err
	}
	header, cipher, err := fs.ring.NewFile()
	if err == nil {
		_, err = f.Write(header)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &encryptedFile{File: f, cipher: cipher}, nil
}

func (fs *encryptedFS) Open(name string, options ...vfs.OpenOption) (vfs.File, error) {
	f, err := fs.FS.Open(name, options...)
	if err != nil {
		return nil, err
	}
	opened, err := fs.readHeader(f)
	if err != nil {
		return nil, errors.Join(&os.PathError{Op: "decrypt", Path: name, Err: err}, f.Close())
	}
	return opened, nil
}

// readHeader returns the decrypted view of f.
func (fs *encryptedFS) readHeader(f vfs.File) (vfs.File, error) {
	header := make([]byte, atrest.HeaderBytes)
	n, err := io.ReadFull(f, header)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	if n < atrest.HeaderBytes || zero(header) {
		// A crash has left a file whose header was never synced, and so nothing after it. There may be zeros where something was
		// about to be written; then zeros are what the reader would find without encryption, and can judge.
		return &encryptedFile{File: f}, nil
	}
	cipher, err := fs.ring.OpenFile(header)
	if err != nil {
		return nil, err
	}
	return &encryptedFile{File: f, cipher: cipher}, nil
}

func zero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// OpenReadWrite is for changing files in place, which would encrypt two texts alike. The engine does not use it.
func (fs *encryptedFS) OpenReadWrite(string, vfs.DiskWriteCategory, ...vfs.OpenOption) (vfs.File, error) {
	return nil, vfs.ErrUnsupported
}

func (fs *encryptedFS) Stat(name string) (vfs.FileInfo, error) {
	info, err := fs.FS.Stat(name)
	if err != nil || info.IsDir() {
		return info, err
	}
	return withoutHeader{info}, nil
}

func (fs *encryptedFS) Unwrap() vfs.FS { return fs.FS }

// withoutHeader is about an encrypted file.
type withoutHeader struct{ vfs.FileInfo }

func (i withoutHeader) Size() int64 { return max(0, i.FileInfo.Size()-atrest.HeaderBytes) }

// encryptedFile is a file behind its header.
type encryptedFile struct {
	vfs.File
	cipher *atrest.FileCipher // nil for a file that reads as zeros
	header []byte             // to be written before the first content, so that an empty file is empty and needs no key
	offset int64              // of the next Read or Write
	failed error              // of an earlier Write: nobody knows how much of it is in the file
}

func (f *encryptedFile) decrypt(p []byte, offset int64) {
	if f.cipher == nil {
		clear(p)
		return
	}
	f.cipher.XOR(p, offset)
}

func (f *encryptedFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.decrypt(p[:n], f.offset)
	f.offset += int64(n)
	return n, err
}

func (f *encryptedFile) ReadAt(p []byte, offset int64) (int, error) {
	n, err := f.File.ReadAt(p, offset+atrest.HeaderBytes)
	f.decrypt(p[:n], offset)
	return n, err
}

// Write encrypts p in place, which vfs.File allows.
func (f *encryptedFile) Write(p []byte) (int, error) {
	if f.failed != nil {
		return 0, f.failed
	}
	if f.header != nil {
		if _, f.failed = f.File.Write(f.header); f.failed != nil {
			return 0, f.failed
		}
		f.header = nil // it reaches the disk with the first sync of what follows it
	}
	f.cipher.XOR(p, f.offset)
	f.offset += int64(len(p))
	n, err := f.File.Write(p)
	f.failed = err
	return n, err
}

func (f *encryptedFile) WriteAt([]byte, int64) (int, error) { return 0, vfs.ErrUnsupported }

func (f *encryptedFile) Preallocate(offset, length int64) error {
	return f.File.Preallocate(offset+atrest.HeaderBytes, length)
}

func (f *encryptedFile) SyncTo(length int64) (fullSync bool, err error) {
	return f.File.SyncTo(length + atrest.HeaderBytes)
}

func (f *encryptedFile) Prefetch(offset, length int64) error {
	return f.File.Prefetch(offset+atrest.HeaderBytes, length)
}

func (f *encryptedFile) Stat() (vfs.FileInfo, error) {
	info, err := f.File.Stat()
	if err != nil {
		return nil, err
	}
	return withoutHeader{info}, nil
}
