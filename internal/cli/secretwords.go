package cli

import (
	"os"
	"slices"
	"strings"
	"unsafe"

	"rethinkdb/internal/peer"
)

// withoutPasswords is a command line without the options that give a new server its password.
func withoutPasswords(argv []string) []string {
	var words []string
	for i := 0; i < len(argv); i++ {
		if argv[i] == "--initial-password" || argv[i] == "--initial-password-file" {
			i++ // its value
			continue
		}
		words = append(words, argv[i])
	}
	return words
}

// isSecret tells whether the word at a place of the program's command line is a password, an authentication key, a way to one, or a
// join token.
func isSecret(argv []string, i int) bool {
	if peer.IsToken(argv[i]) {
		return true
	}
	if i > 0 && argv[i-1] == "--initial-password" {
		return argv[i] != inventPassword
	}
	if i > 0 && (argv[i-1] == "--encryption-key-command" || argv[i-1] == "--old-encryption-key-command") {
		return true // there may be a token in it
	}
	return len(argv) > 1 && argv[1] == "admin" && slices.Contains(argv[:i], "auth")
}

// hideSecrets returns a copy of the command line, and takes the secrets in it out of the process's own memory of it, which every
// user of the machine can read in the list of processes.
func hideSecrets(argv []string) []string {
	words := make([]string, len(argv))
	for i, word := range argv {
		words[i] = strings.Clone(word)
	}
	// Only the words of the real command line lie in memory that may be written to.
	if len(argv) == 0 || len(os.Args) == 0 || &argv[0] != &os.Args[0] {
		return words
	}
	for i, word := range argv {
		if isSecret(words, i) {
			// The kernel shows what is at this place; Go's strings of os.Args are not copies of it. There is no call for it that
			// needs no privileges.
			clear(unsafe.Slice(unsafe.StringData(word), len(word)))
		}
	}
	return words
}

// maskSecrets is a command line that others may see.
func maskSecrets(argv []string) []string {
	words := slices.Clone(argv)
	for i := range words {
		if isSecret(argv, i) {
			words[i] = "(hidden)"
		}
	}
	return words
}
