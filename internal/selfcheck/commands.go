package selfcheck

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"rethinkdb/internal/access"
)

// defaultClusterPort is where `rethinkdb admin` connects to by itself.
const defaultClusterPort = 29015

// adminCommand is a command of `rethinkdb admin`, for a shell on the server's machine.
func (f *Facts) adminCommand(words ...string) string {
	command := []string{"rethinkdb", "admin"}
	if p := f.port(access.Cluster); p != nil {
		host := "localhost"
		if !p.All && len(p.Addresses) > 0 && !slices.ContainsFunc(p.Addresses, netip.Addr.IsLoopback) {
			host = p.Addresses[0].String()
		}
		if host != "localhost" || p.Number != defaultClusterPort {
			command = append(command, "--join", join(host, p.Number))
		}
		if p.TLS.CA != "" { // whoever may read the server's key may act for the server
			command = append(command, "--cluster-tls-key", p.TLS.Key, "--cluster-tls-cert", p.TLS.Cert, "--cluster-tls-ca", p.TLS.CA)
		}
	}
	return Shell(append(command, words...))
}

func join(host string, port int) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + strconv.Itoa(port)
}

// startCommand is how to start the server with other options: some replace those of the same name.
func (f *Facts) startCommand(remove []string, add ...string) string {
	remove = append(slices.Clone(remove), names(add)...)
	var words []string
	for i := 0; i < len(f.Command); i++ {
		word := f.Command[i]
		value := i+1 < len(f.Command) && takesValue(f.Command[i+1])
		switch {
		case slices.Contains(remove, word), word == "--initial-password":
			// A password that was given once is not given again: it is masked here, and set by now.
			if value {
				i++
			}
		case word == "--initial-password-file" && value && f.Command[i+1] == "-":
			i++
		default:
			words = append(words, word)
		}
	}
	return Shell(append(words, add...))
}

// names are the options among words.
func names(words []string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool { return !strings.HasPrefix(w, "--") })
}

// takesValue tells whether a word is the value of the option before it: values do not begin with a dash.
func takesValue(word string) bool { return word == "-" || !strings.HasPrefix(word, "-") }

// Shell writes words so that a shell reads them as they are.
func Shell(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	return strings.Join(quoted, " ")
}

func quote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=@,+[]", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// script writes a string as JavaScript does, for queries.
func script(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`).Replace(text) + "'"
}
