package selfcheck

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"rethinkdb/internal/certificate"
	"rethinkdb/internal/certificate/authority"
)

// renewalTime is how long before its end a certificate should be renewed.
const renewalTime = 30 * 24 * time.Hour

func certificates(f *Facts) []Finding {
	var found []Finding
	for _, c := range f.Certificates {
		one := Finding{Subject: c.File, Severity: Serious}
		until := c.NotAfter.UTC().Format("2006-01-02 15:04 MST")
		switch {
		case f.Now.After(c.NotAfter):
			one.Kind, one.Text = "certificate_expired", fmt.Sprintf("The certificate %s expired on %s.", c.File, until)
		case f.Now.Before(c.NotBefore):
			one.Kind, one.Text = "certificate_not_valid_yet", fmt.Sprintf("The certificate %s is valid from %s on.", c.File, c.NotBefore.UTC().Format("2006-01-02 15:04 MST"))
		case c.NotAfter.Sub(f.Now) < renewalTime:
			one.Kind, one.Severity, one.Text = "certificate_expires", Warning, fmt.Sprintf("The certificate %s expires on %s.", c.File, until)
		}
		if one.Kind != "" {
			found = append(found, f.renewal(one, c))
		}
		if c.Weakness != "" {
			found = append(found, f.renewal(Finding{
				Kind: "certificate_weak", Subject: c.File, Severity: Serious,
				Text: fmt.Sprintf("The certificate %s is weak: %s.", c.File, c.Weakness),
			}, c))
		}
	}
	return found
}

// renewal says how a certificate is renewed. The authority of create-certs is in the same directory.
func (f *Facts) renewal(one Finding, c certificate.State) Finding {
	one.Remedy = "Renew it with those who made it, and put the new one in its place; the server notices by itself."
	directory := filepath.Dir(c.File)
	if slices.Contains(f.Authorities, directory) && filepath.Base(c.File) != authority.CACert {
		one.Remedy = "Renew it; the server notices by itself. The key of the authority has to be there for that."
		one.Commands = []string{Shell([]string{"rethinkdb", "create-certs", "--directory", directory, "--renew"})}
	}
	return one
}

// wideFiles are about files that others can read.
func wideFiles(f *Facts) []Finding {
	var found []Finding
	for _, file := range f.Files {
		mode := file.Mode.Perm()
		if mode&0o077 == 0 || file.Kind == PasswordFile {
			continue
		}
		severity, who := Serious, "all users of this machine"
		if mode&0o007 == 0 {
			severity, who = Warning, "the users of its group"
		}
		one := Finding{Kind: "wide_mode", Subject: file.Path, Severity: severity, Remedy: "Leave it to its owner."}
		narrow := "600"
		switch file.Kind {
		case DataDirectory:
			one.Text, narrow = fmt.Sprintf("The data directory %s is open to %s.", file.Path, who), "700"
		case KeyFile:
			one.Text = fmt.Sprintf("The private key %s is open to %s.", file.Path, who)
		case ClusterSecret:
			one.Text = fmt.Sprintf("The cluster secret %s is open to %s.", file.Path, who)
		default:
			one.Text = fmt.Sprintf("The configuration file %s has a password in it, and is open to %s.", file.Path, who)
		}
		one.Commands = []string{Shell([]string{"chmod", narrow, file.Path})}
		found = append(found, one)
	}
	return found
}

func passwordFiles(f *Facts) []Finding {
	var found []Finding
	for _, file := range f.Files {
		if file.Kind == PasswordFile {
			found = append(found, Finding{
				Kind: "password_file", Severity: Warning,
				Text:     fmt.Sprintf("The password that the server invented for admin is still in %s.", file.Path),
				Remedy:   "Keep it in a safe place, and remove the file.",
				Commands: []string{Shell([]string{"rm", file.Path})},
			})
		}
	}
	return found
}
