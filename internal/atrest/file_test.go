package atrest

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
)

func newFile(t testing.TB, r *Keyring) ([]byte, *FileCipher) {
	t.Helper()
	header, c, err := r.NewFile()
	if err != nil {
		t.Fatal(err)
	}
	if len(header) != HeaderBytes || !Encrypted(header) {
		t.Fatalf("header %x", header)
	}
	return header, c
}

// TestPiecesMakeTheWhole encrypts in pieces and decrypts in others.
func TestPiecesMakeTheWhole(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	r := NewKeyring()
	header, c := newFile(t, r)
	reader, err := r.OpenFile(header)
	if err != nil {
		t.Fatal(err)
	}
	plain := random(100_000)
	whole := bytes.Clone(plain)
	c.XOR(whole, 0)
	pieces := bytes.Clone(plain)
	for at := 0; at < len(pieces); {
		n := min(1+rng.IntN(1000), len(pieces)-at)
		c.XOR(pieces[at:at+n], int64(at))
		at += n
	}
	if !bytes.Equal(whole, pieces) {
		t.Error("pieces are encrypted in another way than the whole")
	}
	for range 1000 {
		at := rng.IntN(len(whole))
		part := bytes.Clone(whole[at:min(at+rng.IntN(3000), len(whole))])
		reader.XOR(part, int64(at))
		if !bytes.Equal(part, plain[at:at+len(part)]) {
			t.Fatalf("%d bytes at %d", len(part), at)
		}
	}
}

func TestPlacesBeyondFourGigabytes(t *testing.T) {
	_, c := newFile(t, NewKeyring())
	seen := map[string]int64{}
	for _, at := range []int64{0, 1 << 32, 1<<36 - 16, 1 << 36, 1 << 40, 1<<62 + 32} {
		p := make([]byte, 16)
		c.XOR(p, at)
		if other, found := seen[string(p)]; found {
			t.Errorf("%d is encrypted like %d", at, other)
		}
		seen[string(p)] = at
	}
}

func TestNoTwoFilesAreEncryptedAlike(t *testing.T) {
	r := NewKeyring()
	seen := map[string]bool{}
	for range 1000 {
		_, c := newFile(t, r)
		p := make([]byte, 16)
		c.XOR(p, 0)
		if seen[string(p)] {
			t.Fatal("twice the same key")
		}
		seen[string(p)] = true
	}
}

func TestHeaders(t *testing.T) {
	r := NewKeyring()
	header, _ := newFile(t, r)
	for i := range len(header) * 8 {
		bad := bytes.Clone(header)
		bad[i/8] ^= 1 << (i % 8)
		if _, err := r.OpenFile(bad); err == nil {
			t.Fatalf("bit %d was changed", i)
		}
	}
	for what, want := range map[string]error{"": ErrNotEncrypted, string(header[:63]): ErrNotEncrypted, string(make([]byte, 64)): ErrNotEncrypted} {
		if _, err := r.OpenFile([]byte(what)); !errors.Is(err, want) {
			t.Errorf("%x: %v", what, err)
		}
	}
	if _, err := NewKeyring().OpenFile(header); !errors.Is(err, ErrNoDataKey) {
		t.Errorf("another keyring: %v", err)
	}
	if !r.Current(header) {
		t.Error("the file is not current")
	}
	if err := r.Rotate(); err != nil {
		t.Fatal(err)
	}
	if r.Current(header) {
		t.Error("the file is current after a rotation")
	}
	if _, err := r.OpenFile(header); err != nil {
		t.Errorf("after a rotation: %v", err)
	}
}

func FuzzOpenFile(f *testing.F) {
	r := NewKeyring()
	header, _ := newFile(f, r)
	f.Add(header)
	f.Add(header[:10])
	f.Add(make([]byte, 64))
	f.Fuzz(func(t *testing.T, header []byte) {
		c, err := r.OpenFile(header)
		if err == nil {
			c.XOR(header, 5)
		}
	})
}

func BenchmarkXOR(b *testing.B) {
	_, c := newFile(b, NewKeyring())
	for _, size := range []int{256, 8 << 10, 32 << 10} {
		b.Run(map[int]string{256: "256B", 8 << 10: "8KB", 32 << 10: "32KB"}[size], func(b *testing.B) {
			p := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for i := range b.N {
				c.XOR(p, int64(i*size+7))
			}
		})
	}
}
