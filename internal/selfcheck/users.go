package selfcheck

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// minIterations is the least that RFC 7677 asks for.
const minIterations = 4096

// passwordCommand asks for a new password of a user.
func (f *Facts) passwordCommand(u User) string {
	if u.Admin {
		return f.adminCommand("set", "auth", "-")
	}
	return f.adminCommand("set", "password", u.Name)
}

// guessable is how bad it is that somebody may log in who ought not to: who can try decides.
func (f *Facts) guessable() Severity {
	if f.exposed() {
		return Serious
	}
	return Warning
}

func weakPasswords(f *Facts) []Finding {
	var found []Finding
	for _, u := range f.Users {
		if !u.Password || !u.Weak {
			continue
		}
		found = append(found, Finding{
			Kind: "weak_password", Subject: u.Name, Severity: f.guessable(),
			Text:     fmt.Sprintf("The password of the user %s is short or often used: it can be guessed.", u.Name),
			Remedy:   "Set a longer one; it is asked for.",
			Commands: []string{f.passwordCommand(u)},
		})
	}
	return found
}

func fewIterations(f *Facts) []Finding {
	var found []Finding
	for _, u := range f.Users {
		if u.Password && u.Iterations < minIterations {
			found = append(found, Finding{
				Kind: "few_iterations", Subject: u.Name, Severity: Warning,
				Text: fmt.Sprintf("The password of the user %s is hashed %d times only: from a stolen data directory, or from a log-in that somebody overhears, it can be guessed faster than those of others.",
					u.Name, u.Iterations),
				Remedy:   fmt.Sprintf("Set it again without saying how often: it is asked for, and hashed %d times.", minIterations),
				Commands: []string{f.passwordCommand(u)},
			})
		}
	}
	return found
}

func usersWithoutPassword(f *Facts) []Finding {
	var found []Finding
	for _, u := range f.Users {
		if u.Password || u.Admin {
			continue
		}
		found = append(found, Finding{
			Kind: "user_without_password", Subject: u.Name, Severity: f.guessable(),
			Text:     fmt.Sprintf("The user %s has no password: everybody may log in by that name.", u.Name),
			Remedy:   "Set one; it is asked for.",
			Commands: []string{f.passwordCommand(u)},
		})
	}
	return found
}

func globalRights(f *Facts) []Finding {
	var found []Finding
	for _, u := range f.Users {
		if u.Admin || len(u.Rights) == 0 {
			continue
		}
		rights := make([]string, len(u.Rights))
		for i, right := range u.Rights {
			rights[i] = right + ": null"
		}
		found = append(found, Finding{
			Kind: "global_rights", Subject: u.Name, Severity: Note,
			Text:     fmt.Sprintf("The user %s has the right to %s everywhere, also in databases that are yet to be made.", u.Name, strings.Join(u.Rights, ", ")),
			Remedy:   "Grant the rights on the databases that it works with, and take these away.",
			Commands: []string{fmt.Sprintf("r.grant(%s, {%s})", script(u.Name), strings.Join(rights, ", "))},
		})
	}
	return found
}

func endlessTokens(f *Facts) []Finding {
	var found []Finding
	for _, t := range f.EndlessTokens {
		found = append(found, Finding{
			Kind: "endless_token", Subject: t.ID, Severity: Note,
			Text:     fmt.Sprintf("A bearer token of the user %s never expires (%s).", t.User, cmp.Or(t.Description, "without a description")),
			Remedy:   "Make another one that does, and take this one back.",
			Commands: []string{f.adminCommand("rm", "bearer-token", t.ID)},
		})
	}
	return found
}

// scripts is about JavaScript for users to whom it was not granted: there is no right for it.
func scripts(f *Facts) []Finding {
	if !f.ScriptsForAll || !slices.ContainsFunc(f.Users, func(u User) bool { return !u.Admin }) {
		return nil
	}
	return []Finding{{
		Kind: "javascript", Severity: Note,
		Text:     "Every user may run JavaScript with r.js, also without any rights. It runs in processes without files and network, but is the largest thing there to attack.",
		Remedy:   "Leave it to admin, or to nobody.",
		Commands: []string{f.startCommand(nil, "--javascript", "admin")}, Restart: true,
	}}
}
