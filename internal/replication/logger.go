package replication

import (
	"fmt"

	"go.etcd.io/raft/v3"
)

// raftLogger passes the library's messages on. They are for developers; what an operator should know the package says itself.
type raftLogger struct{ r *Raft }

var _ raft.Logger = raftLogger{}

func (l raftLogger) debug(text string) {
	l.r.host.log.Debug(text, "from", "raft", "group", l.r.id)
}

func (l raftLogger) enabled() bool {
	return l.r.host.log.Enabled(l.r.host.ctx, -4)
}

func (l raftLogger) Debug(v ...any)                   {}
func (l raftLogger) Debugf(format string, v ...any)   {}
func (l raftLogger) Info(v ...any)                    { l.print(v) }
func (l raftLogger) Infof(format string, v ...any)    { l.printf(format, v) }
func (l raftLogger) Warning(v ...any)                 { l.print(v) }
func (l raftLogger) Warningf(format string, v ...any) { l.printf(format, v) }
func (l raftLogger) Error(v ...any)                   { l.print(v) }
func (l raftLogger) Errorf(format string, v ...any)   { l.printf(format, v) }

// Fatal and Panic must not return. Raft.do stops the group.
func (l raftLogger) Fatal(v ...any)                 { panic(fmt.Sprint(v...)) }
func (l raftLogger) Fatalf(format string, v ...any) { panic(fmt.Sprintf(format, v...)) }
func (l raftLogger) Panic(v ...any)                 { panic(fmt.Sprint(v...)) }
func (l raftLogger) Panicf(format string, v ...any) { panic(fmt.Sprintf(format, v...)) }

func (l raftLogger) print(v []any) {
	if l.enabled() {
		l.debug(fmt.Sprint(v...))
	}
}

func (l raftLogger) printf(format string, v []any) {
	if l.enabled() {
		l.debug(fmt.Sprintf(format, v...))
	}
}
