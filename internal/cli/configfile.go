package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode"
)

// maxConfigBytes bounds what is read as a configuration file: someone may name a device or a database by mistake.
const maxConfigBytes = 1 << 20

// readConfigFile reads the options of cmd from a file of lines `name=value`. Options that belong to other commands are left
// out with a warning, so that one file can serve `create` and `serve`.
func readConfigFile(path string, cmd command, warnings io.Writer) (settings, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, refusef("Trouble reading config file '%s'", path).hint("Check that it exists and that this user may read it (%v).", cause(err))
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxConfigBytes+1))
	if err != nil || len(text) > maxConfigBytes {
		return nil, refusef("Trouble reading config file '%s'", path).hint("It should be a text file of at most %d bytes.", maxConfigBytes)
	}
	s, ignored, err := parseConfig(string(text), path, cmd)
	if err != nil {
		return nil, err
	}
	if len(ignored) > 0 {
		fmt.Fprintf(warnings, "Warning: The following options are not used by this invocation of rethinkdb and will be ignored: %s\n",
			strings.Join(ignored, ", "))
	}
	return s, nil
}

// configSource is what error texts call a configuration file.
func configSource(path string) string { return "the configuration file " + path }

func parseConfig(text, path string, cmd command) (s settings, ignored []string, err error) {
	source := configSource(path)
	s = make(settings)
	fail := func(line int, format string, args ...any) error {
		// Lines are counted from 0, as RethinkDB does.
		place := fmt.Sprintf("Config file %s: parse error at line %d", path, line)
		return &optionError{source: source, text: place + fmt.Sprintf(format, args...)}
	}
	for n, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name := line
		if end := strings.IndexFunc(line, func(r rune) bool { return r == '=' || unicode.IsSpace(r) }); end >= 0 {
			name = line[:end]
		}
		if name == "" {
			return nil, nil, fail(n, "")
		}
		long := "--" + name
		o := find(long, cmd)
		switch {
		case o == nil && find(long, every) == nil:
			return nil, nil, fail(n, ": unrecognized option name '%s'", name)
		case o == nil:
			ignored = append(ignored, name)
		case o.arg == "":
			if line != name {
				return nil, nil, fail(n, ": unexpected data after no-parameter option '%s'", name)
			}
			s[long] = values{source: source, list: append(s[long].list, "")}
		default:
			rest, ok := strings.CutPrefix(strings.TrimSpace(line[len(name):]), "=")
			if !ok {
				return nil, nil, fail(n, "")
			}
			value := strings.TrimSpace(rest)
			if value == "" {
				return nil, nil, fail(n, ": no parameter for option '%s'", name)
			}
			s[long] = values{source: source, list: append(s[long].list, value)}
		}
	}
	slices.Sort(ignored)
	return s, slices.Compact(ignored), nil
}

// readSettings reads the command line and the configuration file it names. What the command line says replaces what the file
// says, also for options that may be repeated.
func readSettings(words []string, cmd command, warnings io.Writer) (settings, error) {
	s, err := parseWords(words, cmd)
	if err != nil {
		return nil, err
	}
	if s.has("--config-file") {
		file, err := readConfigFile(s.one("--config-file"), cmd, warnings)
		if err != nil {
			return nil, err
		}
		for long, v := range file {
			if !s.has(long) {
				s[long] = v
			}
		}
	}
	s.addDefaults(cmd)
	return s, nil
}
