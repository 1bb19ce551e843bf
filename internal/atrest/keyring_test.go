package atrest

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

func seal(t testing.TB, r *Keyring, k *Key) []byte {
	t.Helper()
	sealed, err := r.Seal(k)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestKeyringRoundTrip(t *testing.T) {
	key, r := newKey(t), NewKeyring()
	for range 5 {
		sealed := seal(t, r, key)
		again, err := OpenKeyring(sealed, key)
		if err != nil || !slices.Equal(again.keys, r.keys) {
			t.Fatalf("%d keys: %v", r.Len(), err)
		}
		for _, k := range r.keys {
			if bytes.Contains(sealed, k.secret[:8]) {
				t.Error("a data key is in it as it is")
			}
		}
		if id, err := KeyIDOf(sealed); err != nil || id != key.ID() {
			t.Errorf("id %s, %v, want %s", id, err, key.ID())
		}
		if bytes.Equal(sealed, seal(t, r, key)) {
			t.Error("the same text twice")
		}
		if err := r.Rotate(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWrongKeyIsNamed(t *testing.T) {
	key, other := newKey(t), newKey(t)
	_, err := OpenKeyring(seal(t, NewKeyring(), key), other)
	if !errors.Is(err, ErrWrongKey) || !strings.Contains(err.Error(), key.ID()) || !strings.Contains(err.Error(), other.ID()) {
		t.Errorf("%v", err)
	}
}

func TestEveryBitOfAKeyringCounts(t *testing.T) {
	key := newKey(t)
	sealed := seal(t, NewKeyring(), key)
	for i := range len(sealed) * 8 {
		bad := bytes.Clone(sealed)
		bad[i/8] ^= 1 << (i % 8)
		if _, err := OpenKeyring(bad, key); err == nil {
			t.Fatalf("bit %d was changed", i)
		}
	}
	for n := range len(sealed) {
		if _, err := OpenKeyring(sealed[:n], key); err == nil {
			t.Fatalf("it was cut to %d bytes", n)
		}
	}
}

func TestKeyringIsBounded(t *testing.T) {
	r := NewKeyring()
	for r.Len() < maxDataKeys {
		if err := r.Rotate(); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Rotate(); !errors.Is(err, ErrTooMany) {
		t.Errorf("one more: %v", err)
	}
	key := newKey(t)
	sealed := seal(t, r, key)
	if len(sealed) != MaxKeyringBytes {
		t.Errorf("%d bytes, want %d", len(sealed), MaxKeyringBytes)
	}
	if _, err := OpenKeyring(sealed, key); err != nil {
		t.Error(err)
	}
}

func TestRetainKeepsWhatFilesNeed(t *testing.T) {
	r := NewKeyring()
	var headers [][]byte
	for range 4 {
		h, _, err := r.NewFile()
		if err != nil {
			t.Fatal(err)
		}
		headers = append(headers, h)
		if err := r.Rotate(); err != nil {
			t.Fatal(err)
		}
	}
	r.Retain(headers[1:3])
	if r.Len() != 3 {
		t.Errorf("%d keys are left", r.Len())
	}
	for i, want := range []error{ErrNoDataKey, nil, nil, ErrNoDataKey} {
		if _, err := r.OpenFile(headers[i]); !errors.Is(err, want) {
			t.Errorf("file %d: %v, want %v", i, err, want)
		}
	}
}

// FuzzOpenKeyring: whatever is in the file, it is refused or read, and what was read is sealed and read again.
func FuzzOpenKeyring(f *testing.F) {
	key := newKey(f)
	r := NewKeyring()
	f.Add(seal(f, r, key))
	f.Add(seal(f, r, newKey(f)))
	f.Add([]byte{})
	f.Add([]byte(keyringMagic))
	f.Add(make([]byte, MaxKeyringBytes+dataKeyRecord))
	f.Fuzz(func(t *testing.T, sealed []byte) {
		r, err := OpenKeyring(sealed, key)
		if err != nil {
			return
		}
		again, err := OpenKeyring(seal(t, r, key), key)
		if err != nil || !slices.Equal(again.keys, r.keys) {
			t.Errorf("read, sealed and read again: %v", err)
		}
	})
}
