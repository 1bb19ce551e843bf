package logfile

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// LevelNotice is what an operator should see on the console: more than info, which only goes to the file, less than a warning.
const LevelNotice = slog.Level(2)

// timeLayout is the local time at the start of a line; it has nanoseconds and no zone, as RethinkDB writes it.
const timeLayout = "2006-01-02T15:04:05.000000000"

// Entry is one line of the log.
type Entry struct {
	Time    time.Time
	Uptime  time.Duration // since the process that wrote the entry started
	Level   string        // debug, info, notice, warn or error
	Message string
}

// levelName maps slog's open range of levels onto the five names of the format.
func levelName(l slog.Level) string {
	switch {
	case l < slog.LevelInfo:
		return "debug"
	case l < LevelNotice:
		return "info"
	case l < slog.LevelWarn:
		return "notice"
	case l < slog.LevelError:
		return "warn"
	default:
		return "error"
	}
}

// appendLine appends e as one line of the log file, with the newline.
func appendLine(dst []byte, e Entry) []byte {
	dst = e.Time.Local().AppendFormat(dst, timeLayout)
	dst = fmt.Appendf(dst, " %d.%06ds %s: ", int64(e.Uptime/time.Second), int64(e.Uptime%time.Second/time.Microsecond), e.Level)
	message := strings.Trim(e.Message, "\r\n")
	for i := 0; i < len(message); i++ {
		switch c := message[i]; {
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '\t':
			dst = append(dst, `\t`...)
		case c == '\\':
			dst = append(dst, `\\`...)
		case c < ' ' || c > '~':
			// The file stays plain ASCII, so that no entry can forge another line or drive a terminal.
			dst = append(dst, '?')
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '\n')
}

// appendConsole appends e as a terminal shows it: a prefix for what needs attention, continuation lines indented below it.
func appendConsole(dst []byte, e Entry) []byte {
	indent := 0
	if e.Level != "notice" {
		dst = append(append(dst, e.Level...), ": "...)
		indent = len(e.Level) + 2
	}
	message := strings.Trim(e.Message, "\r\n")
	for i := 0; i < len(message); i++ {
		switch c := message[i]; {
		case c == '\n':
			dst = append(dst, '\n')
			for range indent {
				dst = append(dst, ' ')
			}
		case c == '\t':
			dst = append(dst, c)
		case c < ' ' || c == 0x7f:
			dst = append(dst, '?')
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '\n')
}

// parseLine reads a line that appendLine wrote, without its newline.
func parseLine(line string) (Entry, error) {
	stamp, rest, ok := strings.Cut(line, " ")
	if !ok {
		return Entry{}, fmt.Errorf("log line without a time: %.80q", line)
	}
	t, err := time.ParseInLocation(timeLayout, stamp, time.Local)
	if err != nil {
		return Entry{}, fmt.Errorf("time of a log line: %w", err)
	}
	up, rest, ok := strings.Cut(rest, "s ")
	if !ok {
		return Entry{}, fmt.Errorf("log line without an uptime: %.80q", line)
	}
	seconds, micros, ok := strings.Cut(up, ".")
	if !ok {
		return Entry{}, fmt.Errorf("uptime of a log line: %.80q", up)
	}
	s, err := strconv.ParseUint(seconds, 10, 32)
	if err != nil {
		return Entry{}, fmt.Errorf("uptime of a log line: %w", err)
	}
	us, err := strconv.ParseUint(micros, 10, 32)
	if err != nil {
		return Entry{}, fmt.Errorf("uptime of a log line: %w", err)
	}
	level, message, ok := strings.Cut(rest, ": ")
	if !ok {
		return Entry{}, fmt.Errorf("log line without a level: %.80q", line)
	}
	switch level {
	case "debug", "info", "notice", "warn", "error":
	default:
		return Entry{}, fmt.Errorf("unknown log level %.20q", level)
	}
	return Entry{
		Time:    t,
		Uptime:  time.Duration(s)*time.Second + time.Duration(us)*time.Microsecond,
		Level:   level,
		Message: unescape(message),
	}, nil
}

func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	return unescaper.Replace(s)
}

// The pairs are tried in order at each position, so `\\n` is a backslash and an n, not a backslash and a newline.
var unescaper = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t")
