package peer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestIdentityIsMadeOnce(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, IdentityFile)
	// What a start has left that was killed while it wrote.
	if err := os.WriteFile(path+".new", []byte("half a k"), 0o644); err != nil {
		t.Fatal(err)
	}
	first, made, err := OpenIdentity(File(path))
	if err != nil || !made {
		t.Fatal(made, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	again, made, err := OpenIdentity(File(path))
	if err != nil || made || again.fingerprint() != first.fingerprint() {
		t.Errorf("the second time: %v, %v, %s and %s", made, err, again.fingerprint(), first.fingerprint())
	}
	if other := identity(t); other.fingerprint() == first.fingerprint() {
		t.Error("two servers have one key")
	}
	if leaf := first.certificate.Leaf; leaf.NotAfter.Before(time.Now().AddDate(100, 0, 0)) || leaf.IsCA {
		t.Errorf("the certificate is good until %v, authority: %v", leaf.NotAfter, leaf.IsCA)
	}

	// A damaged key is not replaced: others know the server by it.
	if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := OpenIdentity(File(path)); err == nil || !strings.Contains(err.Error(), "Restore the file from a backup") {
		t.Errorf("a damaged key: %v", err)
	}
	if _, _, err := OpenIdentity(File(filepath.Join(dir, "missing", IdentityFile))); err == nil {
		t.Error("made a key in no directory")
	}
}

func TestFingerprint(t *testing.T) {
	f := identity(t).fingerprint()
	if got, err := ParseFingerprint(f.String()); err != nil || got != f {
		t.Errorf("%s became %s, %v", f, got, err)
	}
	for _, text := range []string{"", "SHA256:", f.String()[7:], f.String() + "=", f.String()[:49], f.String() + "AAAA", strings.Replace(f.String(), "SHA", "sha", 1)} {
		if got, err := ParseFingerprint(text); err == nil {
			t.Errorf("%q became %s", text, got)
		}
	}
}
