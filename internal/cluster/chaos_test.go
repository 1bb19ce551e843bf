package cluster

import (
	"bytes"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var chaosSeeds = flag.Uint64("chaos-seeds", 2, "how many seeds TestChaos tries, from 1")

// TestChaos breaks, silences and blocks the connections of servers that talk to each other all the time, and restarts them. What the mesh
// promises of messages, calls and streams holds, and when the faults end all are connected.
func TestChaos(t *testing.T) {
	for seed := uint64(1); seed <= *chaosSeeds; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newChaos(t, seed).run() })
		})
	}
}

type chaos struct {
	t       *testing.T
	random  *rand.Rand
	network *network
	servers []*server
	busy    sync.WaitGroup
	ctx     context.Context
	done    map[string]int // how often what was tried went well

	mu   sync.Mutex // guards done and seen
	seen map[string]uint64
}

func newChaos(t *testing.T, seed uint64) *chaos {
	c := &chaos{t: t, random: rand.New(rand.NewPCG(seed, 0)), network: newNetwork(t), done: map[string]int{}, seen: map[string]uint64{}}
	for _, name := range []string{"a", "b", "c", "d"} {
		s := newServer(t, c.network, name)
		s.prepare = c.prepare
		c.prepare(s.mesh)
		c.servers = append(c.servers, s)
	}
	return c
}

// prepare registers what a server does for the others.
func (c *chaos) prepare(m *Mesh) {
	m.HandleCall("echo", func(_ context.Context, _ ServerID, request []byte) ([]byte, error) { return request, nil })
	m.HandleStream("echo", echoStream)
	m.HandleMessages(testing1, func(from ServerID, text []byte) {
		// Who sends, to which run of whom, and the number of the message: it only grows.
		key, n := string(from)+m.instance, binary.LittleEndian.Uint64(text)
		c.mu.Lock()
		defer c.mu.Unlock()
		if n <= c.seen[key] {
			c.t.Errorf("message %d of %s came after %d", n, from, c.seen[key])
		}
		c.seen[key] = n
		c.done["messages"]++
	})
}

func (c *chaos) run() {
	join(c.t, c.servers...)
	ctx, cancel := context.WithCancel(c.t.Context())
	defer cancel()
	c.ctx = ctx
	var numbers sync.Mutex // one for all, so that numbers grow whoever sends
	number := uint64(0)
	for i, from := range c.servers {
		for j, to := range c.servers {
			if i == j {
				continue
			}
			random := rand.New(rand.NewPCG(uint64(i), uint64(j)))
			c.busy.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					numbers.Lock()
					number++
					_ = from.current().Send(to.record.ID, testing1, binary.LittleEndian.AppendUint64(nil, number))
					numbers.Unlock()
					c.call(from, to, random)
					if n%10 == 0 {
						c.stream(from, to, random)
					}
					c.pause(time.Duration(random.IntN(1000)) * time.Millisecond)
				}
			})
		}
	}
	for range 40 {
		c.breakOne()
		c.pause(time.Duration(c.random.IntN(10_000)) * time.Millisecond)
	}
	c.heal()
	start := time.Now()
	for _, s := range c.servers {
		s.await(len(c.servers) - 1)
	}
	// A link that has fallen silent is noticed first.
	if d := time.Since(start); d > 15*time.Second+maxPause*5/4 {
		c.t.Errorf("all are connected %v after the last fault", d)
	}
	time.Sleep(20 * time.Second) // the last silent ones
	for _, s := range c.servers {
		s.await(len(c.servers) - 1)
	}
	cancel()
	c.busy.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	for what, least := range map[string]int{"messages": 500, "calls": 500, "streams": 20} {
		if c.done[what] < least {
			c.t.Errorf("only %d %s went well", c.done[what], what)
		}
	}
}

// breakOne makes one fault, or ends one.
func (c *chaos) breakOne() {
	a := c.random.IntN(len(c.servers))
	b := (a + 1 + c.random.IntN(len(c.servers)-1)) % len(c.servers)
	one, other := c.servers[a], c.servers[b]
	switch c.random.IntN(8) {
	case 0, 1, 2:
		which := c.random.IntN(2)
		if l := one.current().link(other.record.ID); l != nil {
			if which == 0 {
				cut(l.control.conn)
			} else {
				l.end(errSilent)
			}
		}
	case 3:
		c.network.silence(one.name, other.name)
	case 4, 5:
		c.network.block(one.name, other.name, c.random.IntN(2) == 0)
	case 6:
		one.restart(membersOf(c.servers...))
	case 7:
		c.heal()
	}
}

func (c *chaos) heal() {
	for _, one := range c.servers {
		for _, other := range c.servers {
			c.network.block(one.name, other.name, false)
		}
	}
}

func (c *chaos) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-c.ctx.Done():
	}
}

func (c *chaos) went(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done[what]++
}

// call checks that an answer is that to the question.
func (c *chaos) call(from, to *server, random *rand.Rand) {
	request := binary.LittleEndian.AppendUint64(nil, random.Uint64())
	answer, err := from.current().Call(c.ctx, to.record.ID, "echo", request)
	if err != nil {
		return
	}
	if !bytes.Equal(answer, request) {
		c.t.Errorf("%x was answered with %x", request, answer)
	}
	c.went("calls")
}

// stream checks that what comes back is what went out, and whole if it seems so.
func (c *chaos) stream(from, to *server, random *rand.Rand) {
	s, err := from.current().Open(to.record.ID, "echo")
	if err != nil {
		return
	}
	defer s.Close()
	s.EndWith(c.ctx)
	text := make([]byte, random.IntN(200_000))
	for i := range text {
		text[i] = byte(i * i)
	}
	c.busy.Go(func() {
		if _, err := s.Write(text); err == nil {
			_ = s.CloseWrite() // the reader below sees what becomes of it
		}
	})
	back, err := io.ReadAll(s)
	if !bytes.HasPrefix(text, back) || err == nil && len(back) != len(text) {
		c.t.Errorf("%d of %d bytes came back: %v", len(back), len(text), err)
	}
	if err == nil {
		c.went("streams")
	}
}
