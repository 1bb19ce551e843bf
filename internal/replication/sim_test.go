package replication

import (
	"context"
	cryptorand "crypto/rand"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"

	"rethinkdb/internal/storage"
)

var (
	seeds    = flag.Int("seeds", 40, "how many runs of the simulation")
	seed     = flag.Uint64("seed", 1, "the first of their seeds")
	simTrace = flag.Bool("simtrace", false, "print what happens in the simulation")
)

// TestSimulation runs several servers in one process, by one goroutine that decides by chance, from a seed, what happens next: which message is
// delivered, lost or doubled, whose clock ticks or jumps, who works, who waits for the disk, whose disk is full, who crashes, which connections break, who shall be a member: of a group with several replicas, or with one. Clients
// write and read meanwhile. At the end everything heals, and then must hold what check checks;
// and once more when the group has become quiescent, and was disturbed.
//
// Each seed is one run that can be repeated: go test ./internal/replication -run 'Simulation$' -seeds 1 -seed N -simtrace
func TestSimulation(t *testing.T) {
	for _, n := range failedSeeds {
		newSim(t, n).run()
	}
	quiesced, woken := uint64(0), uint64(0)
	for n := *seed; n < *seed+uint64(*seeds); n++ {
		s := newSim(t, n)
		s.run()
		if t.Failed() {
			t.Fatalf("seed %d", n)
		}
		quiesced, woken = quiesced+s.quiesced, woken+s.woken
	}
	t.Logf("clocks have stopped %d times, and gone on %d times", quiesced, woken)
	if n := uint64(*seeds); n >= 20 && (quiesced < 3*n || woken < 3*n) {
		t.Error("that is too rare to find anything")
	}
}

// failedSeeds have failed once. (With what has changed in the simulation since, they need not be the same runs any more.)
var failedSeeds = []uint64{1053, 1111, 1845, 1911, 3184, 4330, 6502, 51947}

// A seed decides everything.
func TestSimulationIsRepeatable(t *testing.T) {
	var traces [2]uint64
	for i := range traces {
		s := newSim(t, 4711)
		s.run()
		traces[i] = s.trace.Sum64()
	}
	if traces[0] != traces[1] {
		t.Error("two runs of one seed differ")
	}
}

const (
	simServers = 5
	simRounds  = 700 // with faults
	simHealing = 6000
	simGroup   = storage.GroupID(3)
)

// sim is one run.
type sim struct {
	t      *testing.T
	seed   uint64
	rng    *rand.Rand
	random io.Reader // what the library uses otherwise
	round  int
	trace  interface {
		io.Writer
		Sum64() uint64
	}

	nodes   []*simNode
	want    []Member
	mail    []simLetter
	blocked map[[2]int]bool // from, to
	loss    float64
	faults  bool

	founders []Member // with which the group begins; nil: s0 creates it
	begun    int      // the round in which it was noted that it has begun; 0: it was not

	repairing bool // repairs happen
	repair    *Repair
	kept      [][]uint32 // the rows that it goes on with, as far as they were applied then

	clients []*simClient
	history []*simOp
	clock   int

	quiet           int // until this round clients begin nothing
	quiesced, woken uint64
}

// frozen is like SIGSTOP.
const frozen = 1

// simNode is a server.
type simNode struct {
	sim     *sim
	i       int
	name    ServerID
	mem     *storage.MemFS
	store   *storage.Store // nil: it is down
	host    *Host
	machine *simMachine
	single  *Single // what it has, if the group is one with one replica
	retired *Raft   // it is about to become that
	slow    float64 // how rarely it gets to do something, and from frozen on, to hear something
	down    int     // round in which it starts again
	lost    bool    // it is being given up
	knows   int     // round from which on it knows of the last repair
}

type simLetter struct {
	from, to int
	letter
	due int
}

func newSim(t *testing.T, seed uint64) *sim {
	s := &sim{t: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 1)), trace: fnv.New64(), blocked: make(map[[2]int]bool), faults: true}
	for i := range simServers {
		s.nodes = append(s.nodes, &simNode{sim: s, i: i, name: ServerID(fmt.Sprint("s", i)), mem: storage.NewMemFS()})
	}
	for i := range 4 {
		s.clients = append(s.clients, &simClient{sim: s, i: i})
	}
	return s
}

func (s *sim) chance(p float64) bool { return s.rng.Float64() < p }

func (s *sim) say(format string, v ...any) {
	text := fmt.Sprintf("%d: ", s.round) + fmt.Sprintf(format, v...) + "\n"
	_, _ = io.WriteString(s.trace, text)
	if *simTrace {
		fmt.Print(text)
	}
}

func (s *sim) errorf(format string, v ...any) {
	s.t.Helper()
	s.t.Errorf("seed %d, round %d: %s", s.seed, s.round, fmt.Sprintf(format, v...))
}

// seededReader gives the raft library the chance of the seed.
type seededReader struct{ rng *rand.Rand }

func (r seededReader) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r.rng.Uint32())
	}
	return len(p), nil
}

// found starts the servers, and creates the group on one of them unless it is to begin on several. stop follows.
func (s *sim) found() {
	s.random = cryptorand.Reader
	cryptorand.Reader = seededReader{s.rng}
	s.want = []Member{{Server: "s0", Voter: true}, {Server: "s1", Voter: true}, {Server: "s2", Voter: true}}
	for _, n := range s.nodes {
		n.start()
	}
	if s.founders == nil {
		if _, err := s.nodes[0].host.Create(context.Background(), simGroup, s.nodes[0].machine); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *sim) stop() {
	for _, n := range s.nodes {
		n.stop()
	}
	cryptorand.Reader = s.random
}

// run runs it all.
func (s *sim) run() {
	s.found()
	defer s.stop()
	for ; s.round < simRounds && !s.t.Failed(); s.round++ {
		s.step()
		s.faultsHappen()
	}
	s.heal()
	if !s.await("settled", s.settled) {
		return
	}
	s.check()
	if s.only() || !s.await("quiescent", s.quiescent) {
		return
	}
	s.disturb()
	if s.await("settled again", s.settled) {
		s.check()
	}
}

// await lets everybody do a little until something holds, and tells whether it does.
func (s *sim) await(what string, holds func() bool) bool {
	for until := s.round + simHealing; s.round < until && !s.t.Failed(); s.round++ {
		s.step()
		if s.round%20 == 0 && holds() {
			return true
		}
	}
	if !s.t.Failed() {
		s.errorf("the servers are never %s:\n%s", what, s.describe())
	}
	return false
}

// step lets everybody do a little.
func (s *sim) step() {
	for _, n := range s.nodes {
		if n.host == nil {
			if s.round >= n.down {
				n.start()
			}
			continue
		}
		n.act()
	}
	s.deliver()
	for _, c := range s.clients {
		if s.chance(0.5) {
			c.act()
		}
	}
}

// act lets a server do a little.
func (n *simNode) act() {
	s := n.sim
	if s.chance(n.slow) {
		return
	}
	if s.chance(0.25) {
		n.host.tick()
	}
	if s.chance(0.2) {
		for _, r := range n.host.all() {
			r.gathered()
		}
	}
	for s.chance(0.6) {
		if !n.work() {
			break
		}
	}
	if s.chance(0.5) && n.store.Err() == nil { // otherwise it waits for room
		n.store.Confirm()
	}
	if s.chance(0.2) {
		n.host.sendSnapshot(false)
	}
	n.keepMember()
	n.convert()
	if g := n.group(); g != nil && s.chance(0.1) {
		if _, err := g.changeMembers(s.want); err != nil && !isRefusal(err) {
			s.errorf("%s: change the members: %v", n.name, err)
		}
	}
}

// work does what is next in line.
func (n *simNode) work() bool {
	q := &n.host.work
	q.mu.Lock()
	if len(q.groups) == 0 {
		q.mu.Unlock()
		return false
	}
	r := q.first()
	q.mu.Unlock()
	r.work()
	n.host.out.flush()
	return true
}

// keepMember opens a replica where there shall be one, and drops one that was removed, as those who use the package do.
func (n *simNode) keepMember() {
	s := n.sim
	n.keepEra()
	if n.machine.removed && n.group() != nil && !errors.Is(n.group().reason(), ErrSuperseded) {
		s.say("%s drops its replica", n.name)
		if err := n.group().Drop(context.Background()); err != nil && !errors.Is(err, storage.ErrDiskFull) {
			s.errorf("%s: drop: %v", n.name, err)
		}
		n.machine = &simMachine{node: n}
	}
	wanted := slices.ContainsFunc(s.want, func(m Member) bool { return m.Server == n.name })
	if n.any() == nil && n.retired == nil && (wanted || n.begins()) && s.chance(0.1) {
		if err := n.open(); err != nil && !errors.Is(err, storage.ErrDiskFull) {
			s.errorf("%s: open a replica: %v", n.name, err)
		}
	}
	n.noteBegun()
}

func (n *simNode) group() *Raft { return n.host.Group(simGroup) }

// deliver delivers some of the messages that are due, in any order.
func (s *sim) deliver() {
	for range 12 {
		if len(s.mail) == 0 {
			return
		}
		i := s.rng.IntN(len(s.mail))
		l := s.mail[i]
		if l.due > s.round || s.nodes[l.to].slow >= frozen {
			continue
		}
		s.mail[i] = s.mail[len(s.mail)-1]
		s.mail = s.mail[:len(s.mail)-1]
		if n := s.nodes[l.to]; n.host != nil && !s.blocked[[2]int{l.from, l.to}] {
			l.receive(n.host)
		}
	}
}

// Send implements Transport.
func (n *simNode) Send(to ServerID, m []byte) { n.post(to, letter{n.name, m, false}) }

// SendBeats implements Transport.
func (n *simNode) SendBeats(to ServerID, m []byte) { n.post(to, letter{n.name, m, true}) }

func (n *simNode) post(to ServerID, mail letter) {
	s := n.sim
	j := s.index(to)
	if j < 0 || s.blocked[[2]int{n.i, j}] || s.chance(s.loss) || len(s.mail) > 3000 {
		return
	}
	l := simLetter{n.i, j, mail, s.round + s.rng.IntN(3)}
	if s.faults && s.chance(0.03) {
		l.due += s.rng.IntN(150) // much later
	}
	s.mail = append(s.mail, l)
	if s.faults && s.chance(0.03) {
		mail.m = slices.Clone(mail.m)
		s.mail = append(s.mail, simLetter{n.i, j, mail, s.round + s.rng.IntN(60)})
	}
}

func (s *sim) index(name ServerID) int {
	return slices.IndexFunc(s.nodes, func(n *simNode) bool { return n.name == name })
}

// OpenSnapshot implements Transport.
func (n *simNode) OpenSnapshot(_ context.Context, to ServerID, header []byte) (io.ReadWriteCloser, error) {
	s := n.sim
	j := s.index(to)
	if j < 0 || s.nodes[j].host == nil || s.blocked[[2]int{n.i, j}] {
		return nil, errors.New("no connection")
	}
	return &simStream{from: n, to: s.nodes[j], header: header}, nil
}

// simStream keeps what is written until the sender waits for the answer.
type simStream struct {
	from, to *simNode
	header   []byte
	keys     []byte
	answer   []byte
}

func (t *simStream) Write(p []byte) (int, error) {
	t.keys = append(t.keys, p...)
	return len(p), nil
}

func (t *simStream) Read(p []byte) (int, error) {
	s := t.from.sim
	if s.chance(s.loss) {
		t.keys = t.keys[:s.rng.IntN(len(t.keys))] // it breaks off
	}
	if err := t.to.host.ReceiveSnapshot(context.Background(), t.from.name, t.header, (*simReceiver)(t)); err != nil &&
		!errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, errNotWanted) && !errors.Is(err, storage.ErrDiskFull) {
		s.errorf("%s receives a snapshot from %s: %v", t.to.name, t.from.name, err)
	}
	if len(t.answer) == 0 || s.chance(s.loss) {
		return 0, io.ErrUnexpectedEOF
	}
	s.say("%s has sent a snapshot of %d bytes to %s: %d", t.from.name, len(t.keys), t.to.name, t.answer[0])
	return copy(p, t.answer), nil
}

func (t *simStream) Close() error { return nil }

// simReceiver is the other end.
type simReceiver simStream

func (t *simReceiver) Read(p []byte) (int, error) {
	if len(t.keys) == 0 {
		return 0, io.EOF
	}
	n := copy(p, t.keys)
	t.keys = t.keys[n:]
	return n, nil
}

func (t *simReceiver) Write(p []byte) (int, error) {
	t.answer = append(t.answer, p...)
	return len(p), nil
}

// start starts a server on what its disk has.
func (n *simNode) start() {
	s := n.sim
	var err error
	if n.store, err = storage.Open("data", storage.Options{Mem: n.mem, CacheBytes: 1, SyncOnDemand: true}); err != nil {
		s.t.Fatalf("seed %d: %s does not start: %v", s.seed, n.name, err)
	}
	o := HostOptions{Self: n.name, Store: n.store, Transport: n, driven: true, random: s.rng.IntN, limits: &limits{
		appendBytes: 300, applyBytes: 600, inflightBytes: 2000, inflightMessages: 8, uncommittedBytes: 1500, roundBytes: 150, recentBytes: 500,
		cutEntries: 10, cutBytes: 1 << 20, logEntries: 40, logBytes: 1 << 20, logBytesForSnapshot: 8 << 10,
		quietTicks: 2, runBytes: 300,
	}}
	if *simTrace {
		o.Logger = slog.New(slog.NewTextHandler(simOutput{n}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	n.host, n.machine = NewHost(o), &simMachine{node: n}
	known, err := IsRaft(n.store, simGroup)
	if err == nil && known {
		_, err = n.host.Open(context.Background(), simGroup, n.machine)
	}
	if err != nil {
		s.errorf("%s does not open its replica: %v", n.name, err)
	}
	if _, none := AppliedIn(n.store, simGroup); !known && none == nil {
		if n.single, err = Open(n.store, simGroup); err != nil {
			s.errorf("%s does not open its only replica: %v", n.name, err)
		}
	}
	if g := n.group(); g != nil {
		s.say("%s starts: replica %d, %+v", n.name, g.replica, g.State())
	}
}

type simOutput struct{ n *simNode }

func (o simOutput) Write(p []byte) (int, error) {
	fmt.Printf("   %d: %s: %s", o.n.sim.round, o.n.name, p)
	return len(p), nil
}

// stop ends a server in order.
func (n *simNode) stop() {
	if n.host == nil {
		return
	}
	n.mem.SetFull(false) // for the simulation must not hang when it closes the store
	n.host.Close()
	n.sim.quiesced, n.sim.woken = n.sim.quiesced+n.host.quiesced.Load(), n.sim.woken+n.host.woken.Load()
	if err := n.store.Close(); err != nil {
		n.sim.errorf("%s: %v", n.name, err)
	}
	n.host, n.store, n.single, n.retired = nil, nil, nil, nil
}

// crash ends a server with nothing on its disk that was not synced.
func (n *simNode) crash(rounds int) {
	s := n.sim
	after := n.mem.Crash()
	s.say("%s crashes for %d rounds", n.name, rounds)
	n.stop()
	n.mem = after
	n.down = s.round + rounds
	for _, other := range s.nodes {
		if other.host != nil && s.chance(0.7) {
			other.host.PeerLost(n.name)
		}
	}
}

// faultsHappen lets faults begin and end.
func (s *sim) faultsHappen() {
	if s.repairing {
		s.repairsHappen()
	}
	if s.chance(0.012) {
		if n := s.nodes[s.rng.IntN(len(s.nodes))]; n.host != nil {
			if s.chance(0.5) {
				n.host.syncQuietly() // it is on disk, but nobody has been told
			}
			n.crash(s.rng.IntN(150))
		}
	}
	if s.chance(0.002) {
		s.say("all crash")
		for _, n := range s.nodes {
			if n.host != nil {
				n.crash(s.rng.IntN(20))
			}
		}
	}
	if s.chance(0.01) {
		s.divide()
	}
	if n := s.nodes[s.rng.IntN(len(s.nodes))]; n.host != nil && !s.repairing && s.chance(0.012) {
		full := s.chance(0.5)
		s.say("the disk of %s is full: %v", n.name, full)
		n.mem.SetFull(full)
	}
	if s.chance(0.004) {
		s.quiet = s.round + s.rng.IntN(120)
		s.say("clients are quiet until %d", s.quiet)
	}
	if s.chance(0.01) {
		s.loss = []float64{0, 0, 0.05, 0.3}[s.rng.IntN(4)]
	}
	if n := s.nodes[s.rng.IntN(len(s.nodes))]; n.host != nil && s.chance(0.005) {
		s.say("the clock of %s jumps", n.name)
		for range s.rng.IntN(5 * electionTicks) {
			n.host.tick()
		}
	}
	if s.chance(0.01) {
		n := s.nodes[s.rng.IntN(len(s.nodes))]
		n.slow = []float64{0, 0, 0.5, 0.97, frozen}[s.rng.IntN(5)]
		s.say("%s is slow: %v", n.name, n.slow)
	}
	if s.chance(0.01) {
		s.want = nil
		for _, i := range s.rng.Perm(len(s.nodes))[:1+s.rng.IntN(len(s.nodes))] {
			s.want = append(s.want, Member{Server: s.nodes[i].name, Voter: len(s.want) == 0 || s.chance(0.8)})
		}
		s.say("members shall be %v", s.want)
	}
	if s.chance(0.01) {
		n, to := s.nodes[s.rng.IntN(len(s.nodes))], s.nodes[s.rng.IntN(len(s.nodes))]
		if n.host != nil && n.group() != nil {
			_ = n.group().askTransfer(to.name) // it may have no voting replica
		}
	}
}

// syncQuietly syncs what was written, without telling the groups.
func (h *Host) syncQuietly() { _ = h.o.Store.WaitDurable(context.Background()) }

// divide changes who can talk to whom.
func (s *sim) divide() {
	clear(s.blocked)
	n := len(s.nodes)
	switch s.rng.IntN(5) {
	case 0: // all can
		s.say("the network is whole")
		return
	case 1: // two sides
		side := s.rng.Perm(n)
		cut := 1 + s.rng.IntN(n-1)
		for _, a := range side[:cut] {
			for _, b := range side[cut:] {
				s.blocked[[2]int{a, b}], s.blocked[[2]int{b, a}] = true, true
			}
		}
		s.say("the network has two sides: %v", side[:cut])
	case 2: // one that only hears, or only speaks
		a := s.rng.IntN(n)
		out := s.chance(0.5)
		for b := range n {
			if out {
				s.blocked[[2]int{a, b}] = true
			} else {
				s.blocked[[2]int{b, a}] = true
			}
		}
		s.say("%d is cut off one way, out: %v", a, out)
	case 3: // a bridge: one talks to all, the others only with their side
		side := s.rng.Perm(n)
		for _, a := range side[1 : 1+n/2] {
			for _, b := range side[1+n/2:] {
				s.blocked[[2]int{a, b}], s.blocked[[2]int{b, a}] = true, true
			}
		}
		s.say("the network has a bridge: %v", side)
	case 4: // single connections
		for a := range n {
			for b := range n {
				if s.chance(0.25) {
					s.blocked[[2]int{a, b}] = true
				}
			}
		}
		s.say("some connections are broken")
	}
	for _, a := range s.nodes {
		for _, b := range s.nodes {
			if s.blocked[[2]int{a.i, b.i}] && b.host != nil && s.chance(0.3) {
				b.host.PeerLost(a.name)
			}
		}
	}
}

// heal ends all faults.
func (s *sim) heal() {
	s.say("everything heals")
	s.faults, s.loss = false, 0
	clear(s.blocked)
	for _, n := range s.nodes {
		n.slow, n.down, n.knows = 0, s.round, s.round
		n.mem.SetFull(false)
	}
	for _, c := range s.clients {
		c.retired = true
	}
}

// settled tells whether everything has come to rest, with the members that there should be.
func (s *sim) settled() bool {
	for _, c := range s.clients {
		if c.op != nil {
			return false
		}
	}
	if s.only() {
		return true
	}
	members := 0
	var state *State
	for _, n := range s.nodes {
		g := n.group()
		if !slices.ContainsFunc(s.want, func(m Member) bool { return m.Server == n.name }) {
			continue // it may not have heard yet that it is no member
		}
		if g == nil || g.node == nil || s.repair != nil && eraOf(g.replica) != s.repair.Era {
			return false
		}
		if state == nil {
			state = new(g.State())
		}
		if *state != g.State() {
			return false
		}
		if _, err := g.Epoch(); err == nil {
			if done, err := g.changeMembers(s.want); err != nil || !done {
				return false
			}
			status := g.Status()
			for _, m := range status.Members {
				if m.Match != status.Last {
					return false
				}
			}
			if status.Applied != status.Last {
				return false
			}
			members = len(status.Members)
		}
	}
	return members == len(s.want)
}

func (s *sim) describe() (text string) {
	text = fmt.Sprintf("members shall be %v\n", s.want)
	for _, n := range s.nodes {
		if g := n.group(); g != nil {
			text += fmt.Sprintf("%s: %+v %+v\n", n.name, g.State(), g.Status())
		}
	}
	for _, c := range s.clients {
		if c.op != nil {
			text += fmt.Sprintf("client %d: %+v\n", c.i, *c.op)
		}
	}
	return text
}

// simMachine is told what happens on a replica.
type simMachine struct {
	node    *simNode
	removed bool
	last    Index
	epoch   Epoch
}

// Applied implements Machine.
func (m *simMachine) Applied(i Index) {
	if i <= m.last {
		m.node.sim.errorf("%s: command %d is applied after %d", m.node.name, i, m.last)
	}
	m.last = i
}

// Leads implements Machine.
func (m *simMachine) Leads(e Epoch) {
	m.node.sim.say("%s leads in epoch %d", m.node.name, e)
	if e <= m.epoch {
		m.node.sim.errorf("%s: epoch %d comes after %d", m.node.name, e, m.epoch)
	}
	m.epoch = e
}

// Restored implements Machine.
func (m *simMachine) Restored() {
	m.last = Index(m.node.group().applied.Load())
	m.node.sim.say("%s is restored to %d", m.node.name, m.last)
}

// Removed implements Machine.
func (m *simMachine) Removed() {
	m.node.sim.say("%s is removed", m.node.name)
	m.removed = true
}
