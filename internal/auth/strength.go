package auth

import (
	"strings"
	"unicode"
)

// A password is judged at the moment that it is set, the only one at which it is known. What is kept is whether it is weak, for
// those who look after the server: whoever can read that can also set passwords.

const (
	// minPasswordBytes is the least length that NIST SP 800-63B allows.
	minPasswordBytes = 8
	// minDistinct is how many different characters a password should have.
	minDistinct = 5
)

// commonPasswords are the roots of those that everybody tries first.
var commonPasswords = []string{
	"password", "passw0rd", "p@ssword", "qwerty", "qwertz", "azerty", "asdf", "12345", "54321", "abc123", "letmein", "welcome", "iloveyou", "monkey",
	"dragon", "football", "baseball", "sunshine", "princess", "master", "superman", "batman", "trustno1", "admin", "root", "login", "changeme", "secret",
	"default", "rethink", "database", "test", "guest", "hello", "shadow", "starwars", "whatever", "michael", "computer", "internet", "server",
}

// isWeak tells whether a password can be guessed soon: it is short, repeats itself, or is little more than a word that many use.
func isWeak(password string) bool {
	if password == "" {
		return false // that is another matter
	}
	distinct := map[rune]bool{}
	for _, r := range password {
		distinct[r] = true
	}
	if len(password) < minPasswordBytes || len(distinct) < minDistinct {
		return true
	}
	lower := strings.ToLower(password)
	for _, common := range commonPasswords {
		before, after, found := strings.Cut(lower, common)
		if found && len(onlyLetters(before+after)) < minDistinct && len(before+after) < minPasswordBytes {
			return true
		}
	}
	return false
}

// onlyLetters leaves out the digits and signs that people put around a word.
func onlyLetters(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, text)
}

// Review is what those who look after a server should know of a user.
type Review struct {
	Name         string
	Password     bool // one is set
	WeakPassword bool // it was easy to guess when it was set
	Iterations   int
	Rights       []Permission // those that hold everywhere; admin has all
}

// Reviews are those of all users, in order of their names.
func (u *Users) Reviews() []Review {
	var reviews []Review
	for _, name := range u.names() {
		a := u.find(name)
		if a == nil || a.role { // deleted meanwhile; nobody can log in as a role
			continue
		}
		r := Review{Name: name, Password: !a.verifier.empty, WeakPassword: a.verifier.weak, Iterations: a.verifier.iterations}
		for p := range permissionCount {
			if u.Allowed(name, p, "", "") {
				r.Rights = append(r.Rights, p)
			}
		}
		reviews = append(reviews, r)
	}
	return reviews
}
