package pace

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// model is clients on a clock that only work and rests move.
type model struct {
	at             time.Time
	done           float64
	resting        float64 // of clients, things each second while the work rests
	working        float64
	worked, rested time.Duration
}

func (m *model) pace() *Pace {
	return &Pace{clients: func() int64 { return int64(m.done) }, now: func() time.Time { return m.at }, since: m.at, sleep: func(_ context.Context, d time.Duration) error {
		m.at, m.done, m.rested = m.at.Add(d), m.done+d.Seconds()*m.resting, m.rested+d
		return nil
	}}
}

// run works for some time, and returns what clients have done meanwhile.
func (m *model) run(t *testing.T, p *Pace, d time.Duration) (done float64) {
	t.Helper()
	before := m.done
	for m.worked, m.rested = 0, 0; m.worked+m.rested < d; {
		const piece = 3 * time.Millisecond
		m.at, m.done, m.worked = m.at.Add(piece), m.done+piece.Seconds()*m.working, m.worked+piece
		if !p.Due() {
			continue
		}
		if err := p.Rest(t.Context(), Budget); err != nil {
			t.Fatal(err)
		}
	}
	return m.done - before
}

func TestClientsKeepTheirThroughput(t *testing.T) {
	for name, c := range map[string]struct{ resting, working, work float64 }{ // work: the least share of the time
		"the work stops clients":             {5000, 0, 0.1},
		"the work takes half of their speed": {5000, 2500, 0.25},
		"the work hardly costs anything":     {5000, 4800, 0.75},
		"the work costs nothing":             {5000, 5200, 0.75},
		"few clients":                        {60, 20, 0.2},
	} {
		m := &model{resting: c.resting, working: c.working}
		p := m.pace()
		m.run(t, p, 10*time.Second) // until the speeds are known
		done := m.run(t, p, 60*time.Second)
		all := m.worked + m.rested
		if kept := done / all.Seconds() / c.resting; kept < 1-Budget-0.05 {
			t.Errorf("%s: clients keep %.2f of their throughput", name, kept)
		}
		if share := m.worked.Seconds() / all.Seconds(); share < c.work {
			t.Errorf("%s: %.2f of the time is work", name, share)
		}
	}
}

func TestWithoutClientsThereAreNoRests(t *testing.T) {
	m := &model{}
	p := m.pace()
	m.run(t, p, 10*time.Second)
	if m.rested > 10*lookout+lookout {
		t.Errorf("it has rested for %v", m.rested)
	}
	m.resting, m.working = 4000, 1000
	m.run(t, p, 10*time.Second)
	if share := m.worked.Seconds() / 10; share > 0.4 {
		t.Errorf("clients came, and %.2f of the time was work", share)
	}
	m.resting, m.working = 0, 0
	m.run(t, p, time.Second)
	m.run(t, p, 10*time.Second)
	if m.rested > 10*lookout+lookout {
		t.Errorf("it rests for %v when clients have gone", m.rested)
	}
}

func TestARestEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	over := errors.New("over")
	cancel(over)
	p := New(func() int64 { return 100 })
	if err := p.Rest(ctx, Budget); !errors.Is(err, over) {
		t.Errorf("got the error %v", err)
	}
}
