package cli

import (
	"io"
	"slices"

	"rethinkdb/internal/admin"
	"rethinkdb/internal/selfcheck"
	"rethinkdb/internal/server"
)

// runSecurityCheck says what is open on a server, and how to close it. With a data directory or a configuration file it judges what
// `rethinkdb serve` with the same options would be like; without, it asks a server that runs.
func runSecurityCheck(words []string, stdout, stderr io.Writer) error {
	if slices.Contains(words, "-h") || slices.Contains(words, "--help") {
		printHelp(stdout, securityCheck)
		return nil
	}
	check := checkRunning
	if slices.ContainsFunc(words, func(w string) bool { return w == "-d" || w == "--directory" || w == "--config-file" }) {
		check = checkDirectory
	}
	asJSON := slices.Contains(words, "--json")
	words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "--json" }) // which is no option of serve
	report, err := check(words, stdout, stderr)
	if err != nil {
		return err
	}
	text := admin.Printable(report.String())
	if asJSON {
		encoded, err := report.JSON()
		if err != nil {
			return err
		}
		text = string(encoded) + "\n"
	}
	// What nobody can read is told by the exit status.
	_, _ = io.WriteString(stdout, text)
	if worst, found := report.Worst(); found && worst >= selfcheck.Serious {
		return exitStatus(1)
	}
	return nil
}

// checkRunning asks a server, through its intracluster port.
func checkRunning(words []string, stdout, stderr io.Writer) (r selfcheck.Report, err error) {
	s, err := parseWords(words, securityCheck)
	if err == nil {
		err = s.verify(securityCheck)
	}
	if err != nil {
		return r, err
	}
	s.addDefaults(securityCheck)
	c, err := s.logIn(stdout, stderr)
	if err != nil {
		return r, err
	}
	defer c.close()
	return admin.SecurityStatus(c.Connection)
}

// checkDirectory judges a start.
func checkDirectory(words []string, stdout, stderr io.Writer) (r selfcheck.Report, err error) {
	s, err := readSettings(words, serve, stderr)
	if err != nil {
		return r, err
	}
	if err := s.verify(serve); err != nil {
		return r, err
	}
	c, err := s.serverConfig(serve, append([]string{"rethinkdb", "serve"}, words...))
	if err != nil {
		return r, err
	}
	if err := s.password(&c, stdout, stderr); err != nil {
		return r, err
	}
	if c.Keys, err = s.encryptionKeys(stderr); err != nil {
		return r, err
	}
	return server.Inspect(s.one("--directory"), c)
}
