package feed

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/table"
)

// lookInterval is how often the rows of a system table are compared with what they were.
const lookInterval = time.Second

// A Watch makes commits for a table that has none, because its rows are made when somebody asks: it lists them and compares
// them with the last list. It looks each second while its hub has subscribers, and when it is told that something changed.
type Watch struct {
	hub     *Hub
	list    func(ctx context.Context) ([]datum.Value, error)
	grows   bool // rows that are gone are none of the feed's business: a log
	applied atomic.Uint64
	poke    chan struct{} // capacity 1

	mu      sync.Mutex // guards what follows; held while rows are listed
	rows    map[string]datum.Value
	listed  []datum.Value
	looking bool
}

// NewWatch watches the rows that list gives, objects whose field id is their key. With grows, rows only come, and their keys are arrays whose
// second element is their server.
func NewWatch(list func(ctx context.Context) ([]datum.Value, error), grows bool) *Watch {
	w := &Watch{list: list, grows: grows, poke: make(chan struct{}, 1)}
	w.hub = NewHub(func() table.CommitIndex { return table.CommitIndex(w.applied.Load()) })
	return w
}

// Hub returns the hub of the watched table.
func (w *Watch) Hub() *Hub { return w.hub }

// Poke says that rows may have changed.
func (w *Watch) Poke() {
	select {
	case w.poke <- struct{}{}:
	default:
	}
}

// State lists the rows. They are as of the commit with the index.
func (w *Watch) State(ctx context.Context) (rows []datum.Value, index table.CommitIndex, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.look(ctx); err != nil {
		return nil, 0, err
	}
	if !w.looking && w.hub.start() {
		w.looking = true
		go w.loop()
	}
	return w.listed, table.CommitIndex(w.applied.Load()), nil
}

// loop looks at the rows until there are no subscribers. The hub waits for it.
func (w *Watch) loop() {
	defer w.hub.wg.Done()
	tick := time.NewTicker(lookInterval)
	defer tick.Stop()
	for {
		select {
		case <-w.hub.ctx.Done():
		case <-tick.C:
		case <-w.poke:
		}
		w.mu.Lock()
		if w.hub.ctx.Err() != nil || w.hub.Groups() == 0 {
			w.looking, w.rows, w.listed = false, nil, nil
			w.mu.Unlock()
			return
		}
		// When a list cannot be had, the next may be. What the client may read is checked when it fetches.
		_ = w.look(w.hub.ctx)
		w.mu.Unlock()
	}
}

// look lists the rows and commits what has changed. The caller holds mu.
func (w *Watch) look(ctx context.Context) error {
	rows, err := w.list(ctx)
	if err != nil {
		return err
	}
	now := make(map[string]datum.Value, len(rows))
	var changes []table.Change
	for _, row := range rows {
		id, _ := row.Get("id")
		b, err := datum.AppendKey(nil, id)
		if err != nil {
			return err
		}
		key := string(b)
		now[key] = row
		if old, ok := w.rows[key]; !ok || !datum.Equal(old, row) {
			changes = append(changes, table.Change{Key: b, Old: old, New: row})
		}
	}
	for key, old := range w.rows {
		if _, ok := now[key]; !ok && !w.grows {
			changes = append(changes, table.Change{Key: []byte(key), Old: old})
		}
	}
	if w.grows {
		w.rememberAbsent(now)
	}
	first := w.rows == nil
	w.rows, w.listed = now, rows
	if first || len(changes) == 0 {
		return nil
	}
	w.hub.Committed(table.CommitIndex(w.applied.Add(1)), changes)
	return nil
}

// rememberAbsent adds the last rows of servers that give none at the moment to now, so that they are not new when the servers are back.
func (w *Watch) rememberAbsent(now map[string]datum.Value) {
	present := map[string]bool{}
	for _, row := range now {
		present[serverOf(row)] = true
	}
	for key, row := range w.rows {
		if !present[serverOf(row)] {
			now[key] = row
		}
	}
}

// serverOf is the server whose row it is, empty if the key does not say.
func serverOf(row datum.Value) string {
	id, _ := row.Get("id")
	if id.Kind() != datum.KindArray || id.Len() != 2 || id.At(1).Kind() != datum.KindString {
		return ""
	}
	return id.At(1).AsString()
}

// start counts a goroutine of somebody else in; false when the hub has ended.
func (h *Hub) start() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended != nil {
		return false
	}
	h.wg.Add(1)
	return true
}
