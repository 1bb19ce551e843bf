package replication

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"

	"rethinkdb/internal/storage"
)

// A row of the simulation is the list of the numbers of the operations that have changed it, in their order: so each read tells what came before.
const simRows = 3

// simOp is an operation of a client, in the order in which they begin.
type simOp struct {
	number uint32
	client int
	write  bool
	row    int
	began  int // rounds; clock of the history
	ended  int
	fate   simFate
	list   []uint32 // a write: what it has read; a read: likewise
	index  Index
	era    Era // in which it was done, or tried
}

type simFate int

const (
	simOpen    simFate = iota // under way, or nobody will ever know
	simDone                   // acknowledged
	simRefused                // definitely not done
)

// simClient does one operation after the other.
type simClient struct {
	sim     *sim
	i       int
	retired bool // it begins nothing new

	op       *simOp
	node     *simNode
	host     *Host // of the node when the operation began: its latches and memory are gone with it
	epoch    Epoch
	latch    bool
	wait     int   // rounds, between reading and writing
	group    Group // of which it has asked for the epoch
	proposal *proposal
	single   bool // what it has written is applied, and not yet synced
	read     *read
	told     bool // the observer was asked
}

// simLatches are the latches of the rows, of each server as long as it runs.
func (c *simClient) latched(row int) bool {
	return slices.ContainsFunc(c.sim.clients, func(o *simClient) bool { return o != c && o.latch && o.host == c.host && o.op.row == row })
}

// act takes the next step.
func (c *simClient) act() {
	switch {
	case c.op == nil:
		if !c.retired && c.sim.round >= c.sim.quiet {
			c.begin()
		}
	case c.node.host != c.host: // the server has crashed
		c.crashed()
	case c.op.write:
		c.write()
	default:
		c.readRow()
	}
}

func (c *simClient) begin() {
	s := c.sim
	c.node = s.nodes[s.rng.IntN(len(s.nodes))]
	if s.chance(0.7) { // most know where the leader is
		for _, n := range s.nodes {
			if n.leads() {
				c.node = n
			}
		}
	}
	if c.node.host == nil || c.node.any() == nil {
		return
	}
	c.host = c.node.host
	c.op = &simOp{number: uint32(len(s.history) + 1), client: c.i, write: s.chance(0.7), row: s.rng.IntN(simRows), began: s.now()}
	s.history = append(s.history, c.op)
	c.op.era = eraOfGroup(c.node.any())
	c.latch, c.wait, c.group, c.proposal, c.single, c.read, c.told = false, -1, nil, nil, false, nil, false
}

// now is the clock of the history: each call is later than the one before.
func (s *sim) now() int {
	s.clock++
	return s.clock
}

func (c *simClient) end(fate simFate) {
	c.op.fate, c.op.ended = fate, c.sim.now()
	c.sim.say("client %d: %+v", c.i, *c.op)
	c.op, c.latch = nil, false
}

// crashed ends an operation whose server has crashed. What the client was not told it does not know.
func (c *simClient) crashed() {
	switch {
	case (c.proposal != nil || c.single) && c.op.write:
		c.end(simOpen)
	default:
		c.end(simRefused)
	}
}

// write is what shard.Shard.Write does, in steps.
func (c *simClient) write() {
	g := c.node.any()
	if g == nil {
		c.crashed()
		return
	}
	switch {
	case c.single:
		c.awaitDisk()
	case !c.latch:
		if c.latched(c.op.row) {
			return
		}
		c.latch = true
	case c.wait < 0:
		c.op.era, c.group = eraOfGroup(g), g
		epoch, err := g.Epoch()
		if err != nil {
			c.refused(err)
			return
		}
		c.epoch = epoch
		c.op.list = c.node.list(c.op.row)
		c.wait = c.sim.rng.IntN(3)
		if c.sim.chance(0.1) {
			c.wait = c.sim.rng.IntN(200)
		}
	case c.wait > 0:
		c.wait--
	case c.proposal == nil:
		b := c.node.store.NewBatch()
		value := simEncode(append(slices.Clone(c.op.list), c.op.number))
		if c.sim.chance(0.1) {
			b.DeleteRange(rowKey(simGroup, fmt.Sprint(c.op.row)), rowKey(simGroup, fmt.Sprint(c.op.row)+"\x00"))
		}
		b.Set(rowKey(simGroup, fmt.Sprint(c.op.row)), value)
		c.propose(&Command{Batch: b, Rows: int64(c.op.number), Epoch: c.epoch, Observer: c})
	default:
		select {
		case <-c.proposal.done:
		default:
			return
		}
		switch {
		case c.proposal.err == nil:
			c.op.index = c.proposal.index
			c.end(simDone)
		case errors.Is(c.proposal.err, ErrUnknownOutcome):
			c.end(simOpen)
		default:
			c.refused(c.proposal.err)
		}
	}
}

// Record implements Observer.
func (c *simClient) Record() []byte {
	if c.told {
		c.sim.errorf("operation %d is recorded twice", c.op.number)
	}
	c.told = true
	return binary.BigEndian.AppendUint32(nil, c.op.number)
}

// Applied implements Observer.
func (c *simClient) Applied(Index) {}

// isRefusal tells whether an error says that nothing was done.
func isRefusal(err error) bool {
	for _, known := range []error{ErrNotPrimary, ErrRemoved, ErrDropped, ErrReplaced, ErrSuperseded, ErrNoQuorum, storage.ErrDiskFull} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

func (c *simClient) refused(err error) {
	if !isRefusal(err) {
		c.sim.errorf("client %d: %v", c.i, err)
	}
	c.end(simRefused)
}

// readRow reads on any replica.
func (c *simClient) readRow() {
	if c.node.single != nil && c.read == nil {
		c.op.list = c.node.list(c.op.row)
		c.awaitDisk() // for what was read
		return
	}
	g := c.node.group()
	if g == nil {
		c.crashed()
		return
	}
	if c.read == nil {
		c.op.era, _ = g.Era()
		w, err := g.beginRead()
		if err != nil {
			c.end(simRefused)
			return
		}
		c.read = w
		return
	}
	select {
	case <-c.read.done:
	default:
		return
	}
	if c.read.err != nil {
		c.end(simRefused)
		return
	}
	c.op.list = c.node.list(c.op.row)
	c.end(simDone)
}

// list reads a row.
func (n *simNode) list(row int) []uint32 {
	v, found, err := n.store.GetRow(rowKey(simGroup, fmt.Sprint(row)))
	if err != nil {
		n.sim.errorf("%s: read a row: %v", n.name, err)
	}
	if !found {
		return nil
	}
	var list []uint32
	for ; len(v) >= 4; v = v[4:] {
		list = append(list, binary.BigEndian.Uint32(v))
	}
	return list
}

func simEncode(list []uint32) (b []byte) {
	for _, n := range list {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b
}

// check checks the history against what the servers have in the end.
func (s *sim) check() {
	members := slices.DeleteFunc(slices.Clone(s.nodes), func(n *simNode) bool {
		return !slices.ContainsFunc(s.want, func(m Member) bool { return m.Server == n.name })
	})
	rows := int64(0)
	for row := range simRows {
		final := members[0].list(row)
		for _, n := range members[1:] {
			if other := n.list(row); !slices.Equal(final, other) {
				s.errorf("row %d: %s has %v, %s has %v", row, members[0].name, final, n.name, other)
			}
		}
		for _, number := range final {
			rows += int64(number)
		}
		s.checkKept(row, final)
		s.checkRow(row, final)
		s.checkLinearizable(row, final)
	}
	for _, n := range members {
		if state := n.any().State(); state.Rows != rows {
			s.errorf("%s counts %d rows, and there should be %d", n.name, state.Rows, rows)
		}
		s.checkHistory(n)
	}
}

// checkRow: what was acknowledged is there, once, and nothing of what was refused; and each write has seen all that come before it.
func (s *sim) checkRow(row int, final []uint32) {
	for _, op := range s.history {
		if op.row != row {
			continue
		}
		at := slices.Index(final, op.number)
		switch {
		case s.mayBeLost(op) && (!op.write || at < 0):
		case op.write && op.fate == simDone && at < 0:
			s.errorf("row %d: the acknowledged %+v is lost: %v", row, *op, final)
		case op.write && op.fate == simRefused && at >= 0:
			s.errorf("row %d: %+v was refused and is there: %v", row, *op, final)
		case op.write && at >= 0 && !slices.Equal(op.list, final[:at]):
			s.errorf("row %d: %+v has overwritten what it had not seen: %v", row, *op, final)
		case !op.write && op.fate == simDone && (len(op.list) > len(final) || !slices.Equal(op.list, final[:len(op.list)])):
			s.errorf("row %d: %+v has read what there never was: %v", row, *op, final)
		}
	}
}

// checkLinearizable asks porcupine. The state is how many numbers the list has; what they are was checked before.
func (s *sim) checkLinearizable(row int, final []uint32) {
	type input struct {
		write bool
		at    int // position of what is written; how many numbers were read
	}
	model := porcupine.Model{
		Init: func() any { return 0 },
		Step: func(state, in, _ any) (bool, any) {
			i, n := in.(input), state.(int)
			if i.write {
				return n == i.at, n + 1
			}
			return n == i.at, n
		},
		Equal: func(a, b any) bool { return a == b },
	}
	var operations []porcupine.Operation
	for _, op := range s.history {
		at := slices.Index(final, op.number)
		if op.row != row || op.write && at < 0 || !op.write && (op.fate != simDone || s.mayBeLost(op)) {
			continue
		}
		end := int64(op.ended)
		if op.fate == simOpen {
			end = math.MaxInt64 // it may have happened at any time since
		}
		if !op.write {
			at = len(op.list)
		}
		operations = append(operations, porcupine.Operation{ClientId: op.client, Input: input{op.write, at}, Call: int64(op.began), Return: end})
	}
	// A client goes on while an operation of its may still be under way; so each has a client of its own.
	for i := range operations {
		operations[i].ClientId = i
	}
	if !porcupine.CheckOperations(model, operations) {
		var text strings.Builder
		for _, op := range s.history {
			if op.row == row {
				fmt.Fprintf(&text, "%+v\n", *op)
			}
		}
		s.errorf("row %d is not linearizable: %v\n%s", row, final, text.String())
	}
}

// checkHistory: the records are those of the commands, under their indexes, without gaps.
func (s *sim) checkHistory(n *simNode) {
	for _, op := range s.history {
		if !op.write || op.fate != simDone || s.mayBeLost(op) {
			continue
		}
		v, found, err := n.store.Get(historyKey(op.index))
		if err != nil || !found || binary.BigEndian.Uint32(v) != op.number {
			s.errorf("%s: the record of %+v is %x, %v, %v", n.name, *op, v, found, err)
		}
	}
}

func historyKey(i Index) []byte { return storage.AppendHistoryKey(nil, simGroup, uint64(i)) }
