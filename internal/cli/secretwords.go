package cli

import (
	"os"
	"slices"
	"strings"
	"unsafe"
)

// withoutSecrets returns the words of the command line of `rethinkdb admin` and takes an authentication key among them, which
// every user of the machine can read in the list of processes, out of the process's own memory of it.
func withoutSecrets(argv []string) []string {
	words := make([]string, len(argv))
	for i, word := range argv {
		words[i] = strings.Clone(word)
	}
	// Only the words of the real command line lie in memory that may be written to.
	if i := slices.Index(words, "auth"); i >= 0 && len(os.Args) > 0 && len(argv) > 0 && &argv[0] == &os.Args[0] {
		for _, word := range argv[i+1:] {
			// The kernel shows what is at this place; Go's strings of os.Args are not copies of it. There is no call for it that
			// needs no privileges.
			clear(unsafe.Slice(unsafe.StringData(word), len(word)))
		}
	}
	return words
}
