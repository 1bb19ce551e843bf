package storage

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2"
)

// A batch that comes as bytes has the same effect as the batch itself, also on the cache of rows.
func TestAppendRepr(t *testing.T) {
	here, there := open(t, "data", Options{Mem: NewMemFS()}), open(t, "data", Options{Mem: NewMemFS()})
	t.Cleanup(func() {
		if err := errors.Join(here.Close(), there.Close()); err != nil {
			t.Error(err)
		}
	})
	row := func(key string) []byte { return append(AppendPrefix(nil, 1, KindRow), key...) }
	apply := func(fill func(b *Batch)) {
		t.Helper()
		b := here.NewBatch()
		defer b.Close()
		fill(b)
		copied := there.NewBatch()
		defer copied.Close()
		if err := copied.AppendRepr(b.Repr()); err != nil {
			t.Fatal(err)
		}
		copied.SetMeta("more", nil)
		for _, err := range []error{here.Apply(b), there.Apply(copied)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, key := range []string{"a", "b", "c"} {
			want, found, err := here.GetRow(row(key))
			if err != nil {
				t.Fatal(err)
			}
			got, gotFound, err := there.GetRow(row(key)) // from the cache next time
			if err != nil || gotFound != found || !bytes.Equal(got, want) {
				t.Errorf("%s: %q, %v, %v, want %q, %v", key, got, gotFound, err, want, found)
			}
		}
	}
	apply(func(b *Batch) { b.Set(row("a"), []byte("1")); b.Set(row("b"), []byte("2")) })
	apply(func(b *Batch) { b.Replace(row("a"), []byte("3")) })
	apply(func(b *Batch) { b.Delete(row("b")); b.Set(row("c"), nil) })
	apply(func(b *Batch) { b.DeleteGroup(1); b.Set(row("b"), []byte("4")) })
	apply(func(b *Batch) {})
}

func FuzzAppendRepr(f *testing.F) {
	// Set, delete and delete a range; then what is cut off, of an unknown kind, or has another count.
	for _, text := range []string{"", "000000000000000003000000" + "0101610162" + "000161" + "0f01610162", "00", "00000000000000000100000001", "000000000000000001000000" + "0161ff", "000000000000000001000000" + "160161"} {
		repr, err := hex.DecodeString(text)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(repr)
	}
	f.Fuzz(func(t *testing.T, repr []byte) {
		b := &Batch{pb: new(pebble.Batch), cache: newRowCache(1 << 20)}
		before := bytes.Clone(repr)
		err := b.AppendRepr(repr)
		if err != nil && !errors.Is(err, ErrNotABatch) {
			t.Errorf("AppendRepr: %v", err)
		}
		if !bytes.Equal(repr, before) {
			t.Error("the bytes have changed")
		}
		if err != nil {
			return
		}
		again := &Batch{pb: new(pebble.Batch), cache: b.cache}
		if err := again.AppendRepr(b.Repr()); err != nil {
			t.Errorf("AppendRepr of what it has made: %v", err)
		}
		if !bytes.Equal(again.Repr(), b.Repr()) {
			t.Errorf("%x has become %x", b.Repr(), again.Repr())
		}
	})
}
