package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"

	"rethinkdb/internal/audit"
	"rethinkdb/internal/server"
)

// maxAuditFiles is far more than anybody goes through.
const maxAuditFiles = 1_000_000

// audit reads the options of the audit log.
func (s settings) audit(c *server.Config) (err error) {
	megabytes, err := strconv.ParseUint(s.one("--audit-log-size"), 10, 63)
	if err != nil || megabytes == 0 || megabytes > maxCacheMegabytes {
		return refusef("ERROR: audit-log-size should be a number from 1 to %d, got '%s'", maxCacheMegabytes, s.one("--audit-log-size")).hint("The number is in megabytes.")
	}
	c.AuditLogBytes = int64(megabytes) << 20
	if c.AuditLogKeep, err = s.integer("--audit-log-keep"); err != nil {
		return err
	}
	if c.AuditLogKeep < 1 || c.AuditLogKeep > maxAuditFiles {
		return refusef("ERROR: audit-log-keep must be between 1 and %d", maxAuditFiles)
	}
	if s.has("--audit-log") {
		c.AuditLog, err = filepath.Abs(s.one("--audit-log"))
	}
	return err
}

// runAuditVerify checks the files of an audit log.
func runAuditVerify(words []string, stdout, stderr io.Writer) error {
	s, paths, err := parseMixed(words, auditVerify)
	if err != nil {
		return err
	}
	if s.has("--help") {
		printHelp(stdout, auditVerify)
		return nil
	}
	if len(paths) == 0 {
		return refusef("There is no file to verify. Name all files of one audit log, in any order: rethinkdb audit-verify FILE...")
	}
	expect, err := s.expectedEntry(stdout, stderr)
	if err != nil {
		return err
	}
	reports, missing, err := audit.VerifyFiles(paths, expect)
	if err != nil {
		return err
	}
	intact := true
	var last audit.Link
	for _, r := range reports {
		intact = intact && r.Intact()
		printReport(stdout, r)
		if r.Last != (audit.Link{}) {
			last = r.Last
		}
	}
	if missing {
		intact = false
		fmt.Fprintf(stdout, "Entry %d, which is known from elsewhere, is in none of the files: lines are missing, at the end most likely, or they are of another server.\n", expect.Seq)
	}
	if !intact {
		return exitStatus(1)
	}
	if last == (audit.Link{}) {
		fmt.Fprintln(stdout, "There are no entries.")
		return nil
	}
	fmt.Fprintf(stdout, "Nothing was changed. The last entry is %s\n", last)
	return nil
}

// expectedEntry is an entry that must be in the files: one that is given, or the last one that a running server has.
func (s settings) expectedEntry(stdout, stderr io.Writer) (audit.Link, error) {
	switch {
	case s.has("--last") && s.has("--join"):
		return audit.Link{}, refusef("--last and --join cannot be specified together.").hint("Leave out one of them.")
	case s.has("--last"):
		link, err := audit.ParseLink(s.one("--last"))
		if err != nil {
			return link, refusef("Option '--last' is not valid: %s.", err).hint("rethinkdb audit-verify prints it.")
		}
		return link, nil
	case !s.has("--join"):
		return audit.Link{}, nil
	}
	c, err := s.logIn(stdout, stderr)
	if err != nil {
		return audit.Link{}, err
	}
	defer c.close()
	seq, hash, err := c.LastAuditEntry()
	return audit.Link{Seq: seq, Hash: hash}, err
}

func printReport(w io.Writer, r audit.FileReport) {
	for _, f := range r.Findings {
		fmt.Fprintf(w, "%s: %s\n", r.Path, f)
	}
	if r.More > 0 {
		fmt.Fprintf(w, "%s: and %d more\n", r.Path, r.More)
	}
	if r.First == (audit.Link{}) {
		fmt.Fprintf(w, "%s: no entries\n", r.Path)
	} else {
		fmt.Fprintf(w, "%s: entries %d to %d\n", r.Path, r.First.Seq, r.Last.Seq)
	}
	if r.Torn > 0 {
		fmt.Fprintf(w, "%s: ends in the middle of a line, as after a crash, or while it is written\n", r.Path)
	}
}
