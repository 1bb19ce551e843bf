package replication

import (
	"fmt"

	"rethinkdb/internal/storage"
)

// merged is the commands in Raft.batch: those of one entry or of several, in their order, which are applied to the store together. A command by itself would
// cost the store a record in its log and a turn in its order.
//
// All of an entry or nothing is in the batch, because the state that is stored with it says up to which entry the log is applied.
type merged struct {
	next     stored // the state after them
	commands []mergedCommand
	rounds   []*round
}

type mergedCommand struct {
	p       *proposal // nil if it was not made here, or nobody waits for it
	verdict error     // of the Judge
}

// clear forgets the commands. They are not applied, or everybody has been told.
func (m *merged) clear() {
	clear(m.commands)
	clear(m.rounds)
	m.commands, m.rounds = m.commands[:0], m.rounds[:0]
}

// applyCommands merges the commands of an entry, own being the round that it is of.
func (r *Raft) applyCommands(at position, data []byte, own *round) error {
	d := decoder{rest: data}
	d.proposer()
	n, guarded := 0, false
	for ; d.err == nil && len(d.rest) > 0; n++ {
		c := d.command()
		if len(c.guard) > 0 {
			guarded = true
			if err := r.applyMerged(); err != nil { // it is judged by what is in the store
				return err
			}
		}
		if own != nil && n == len(own.proposals) || guarded && n > 0 {
			return fmt.Errorf("%w: it has too many commands", ErrCorrupt)
		}
		if err := r.merge(c, own.proposal(n)); err != nil {
			return err
		}
	}
	if d.err != nil {
		return d.err
	}
	if own != nil {
		if n < len(own.proposals) {
			return fmt.Errorf("%w: it has %d commands of %d", ErrCorrupt, n, len(own.proposals))
		}
		r.merged.rounds = append(r.merged.rounds, own)
	}
	r.merged.next.log = at
	if guarded || r.batch.Len() > maxScratchBytes {
		return r.applyMerged()
	}
	return nil
}

// merge adds a command. p is the proposal that it was, if that was made here and somebody waits for it.
func (r *Raft) merge(c command, p *proposal) error {
	m := &r.merged
	if len(m.commands) == 0 {
		m.next.State = r.State()
		r.scratch()
	}
	m.next.Applied++
	var verdict error
	if judge, ok := r.machine.(Judge); ok && len(c.guard) > 0 {
		verdict = judge.Judge(m.next.Applied, c.guard)
	}
	m.commands = append(m.commands, mergedCommand{p, verdict})
	if verdict != nil {
		return nil //nolint:nilerr // it is the proposer's
	}
	m.next.Rows += c.rows
	if p != nil {
		r.batch.Append(p.cmd.Batch)
	} else if err := r.batch.AppendRepr(c.repr); err != nil {
		return err
	}
	if len(c.record) > 0 {
		r.history = storage.AppendHistoryKey(r.history[:0], r.id, uint64(m.next.Applied))
		r.batch.Set(r.history, c.record)
	}
	return nil
}

// applyMerged applies what was merged, and tells everybody.
func (r *Raft) applyMerged() error {
	m := &r.merged
	if len(m.commands) == 0 {
		return nil
	}
	first := Index(r.applied.Load()) + 1
	if err := r.commit(r.batch, m.next); err != nil {
		return err
	}
	r.log.advanced(m.next.log, nil)
	r.host.commands.Add(uint64(len(m.commands)))
	for _, o := range m.rounds {
		o.applied = true
	}
	for i, c := range m.commands {
		r.tell(first+Index(i), c)
	}
	m.clear()
	return nil
}

// tell tells those who want to know that a command is applied.
func (r *Raft) tell(i Index, c mergedCommand) {
	switch {
	case c.p == nil:
		if c.verdict == nil {
			r.machine.Applied(i)
		}
		return
	case c.verdict == nil && c.p.cmd.Observer != nil:
		c.p.cmd.Observer.Applied(i)
	}
	c.p.finish(i, c.verdict)
}
