package table

import (
	"context"
	"errors"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/shard"
	"rethinkdb/internal/storage"
)

// ErrLostContact is the error of what another server was asked to do when nobody knows how far it got.
var ErrLostContact = errors.New("lost contact with the primary replica")

// Remote reaches parts whose primary replicas are on other servers. Its errors are those of the part there. One that wraps ErrNotPrimary says that
// nothing was done, or only read, and that the next try may find the primary replica. It is safe for concurrent use.
type Remote interface {
	// GetMany fills in the rows of those keys that are not nil, as shard.GetMany does.
	GetMany(ctx context.Context, a Address, m ReadMode, keys [][]byte, rows []datum.Value) error
	Count(ctx context.Context, a Address, m ReadMode) (int64, error)
	// CountIndex counts the rows of ranges of entries.
	CountIndex(ctx context.Context, a Address, m ReadMode, index uint32, ranges []IndexRange) (int64, error)
	// Scan begins a scan, whose errors are those of its rows.
	Scan(ctx context.Context, a Address, m ReadMode, o RemoteScan) RemoteRows
	// Write writes the rows that are what the caller thinks, in one batch. After an error that wraps neither ErrNotPrimary nor ErrNoQuorum
	// it may be that they were written.
	Write(ctx context.Context, a Address, w RemoteWrite) ([]RemoteOutcome, error)
	Sync(ctx context.Context, a Address) error
	// Inherit is that of Part. It can be done again after any error.
	Inherit(ctx context.Context, a Address, entries []Inherited) (HistoryPlace, error)
	// Load begins to load rows. It ends with ctx.
	Load(ctx context.Context, a Address) (Loader, error)
}

// Address names a part to other servers.
type Address struct {
	Table string // uuid
	Group storage.GroupID
}

// RemoteScan is a scan of rows by the primary key, or, with a number of an index, of its entries or values.
type RemoteScan struct {
	Index      uint32 // 0: by the primary key
	Distinct   bool   // values, each once
	Bounds     shard.Bounds
	Ranges     []IndexRange
	Descending bool
	Values     bool // as of IndexScan
}

// RemoteRows are the rows of a scan. They are valid for ever. One goroutine at a time uses them.
type RemoteRows interface {
	// Next gives the next row, and of one by an index its place, and how often it comes there. Of values the entry is that which
	// shard.DistinctRows gives.
	Next(ctx context.Context) (row datum.Value, at shard.Place, ok bool, err error)
	Close()
}

// RemoteWrite is what is to be written.
type RemoteWrite struct {
	Rows    []RemoteRow
	Durable bool // wait for the disk
	Copied  bool // as of WriteRequest
}

// RemoteRow is a row as it is to become, if it still is as it was.
type RemoteRow struct {
	Key      []byte
	Fresh    bool        // there is certainly none
	Old, New datum.Value // absent for none
}

// RemoteOutcome is what became of it. The zero value says that it was written.
type RemoteOutcome struct {
	Stale bool        // it is not as it was, and was not written
	Known bool        // Old is as it is
	Old   datum.Value // absent for none
	Err   error       // of the row, which was not written
}

// UseRemote makes the table reach its parts on other servers. It is called before the table is used.
func (t *Table) UseRemote(r Remote) { t.shared.remote = r }

func (t *Table) address(p *Part) Address { return Address{Table: t.id, Group: p.number} }

// Local gives the rows that this server has of a part, to who answers other servers. What was read is right if Check says so afterwards.
func (p *Part) Local(ctx context.Context, m ReadMode) (*shard.Shard, error) {
	if g, ok := p.Group().(*replication.Raft); ok && m == ReadMajority {
		if err := g.ReadIndex(ctx); err != nil {
			return nil, err
		}
	}
	if m == ReadMajority {
		if err := p.AwaitOpen(ctx); err != nil {
			return nil, err
		}
	}
	return p.shard, p.Check(m)
}

// Check is nil as long as this server has the rows of the part that a read in a mode is to see. Whoever asks from another server may not have heard yet that the rows
// have moved, and that this has been the end of the part.
func (p *Part) Check(m ReadMode) error {
	switch {
	case p.shard.HasMoved():
		return ErrMoved
	case p.shard.Dropped():
		return ErrDropped
	}
	if m == ReadOutdated && p.Readable() {
		return nil
	}
	_, err := p.Group().Epoch()
	if errors.Is(err, replication.ErrRemoved) || errors.Is(err, replication.ErrReplaced) {
		return ErrNotPrimary
	}
	return err
}

// writeRemote writes rows of a part on another server. Their functions decide here, on the rows as they are read, and are asked again if these
// have changed when they are to be written. A key that comes twice is written twice. Keys whose fate is settled are marked as written.
func (t *Table) writeRemote(ctx context.Context, p *Part, r *shard.Request, written []bool) error {
	w := &remoteWrite{t: t, p: p, r: r, written: written, known: make([]bool, len(r.Keys)), old: make([]datum.Value, len(r.Keys))}
	for {
		round := w.round()
		if len(round) == 0 {
			return nil
		}
		if err := w.read(ctx, round); err != nil {
			return err
		}
		if err := w.send(ctx, round); err != nil {
			return err
		}
	}
}

type remoteWrite struct {
	t       *Table
	p       *Part
	r       *shard.Request
	written []bool
	known   []bool        // the row is as in
	old     []datum.Value // this
}

// round chooses the keys that come next, each once.
func (w *remoteWrite) round() []int {
	var round []int
	seen := make(map[string]bool, len(w.r.Keys))
	for i, k := range w.r.Keys {
		if k != nil && !w.written[i] && !seen[string(k)] {
			seen[string(k)] = true
			round = append(round, i)
		}
	}
	return round
}

func (w *remoteWrite) fresh(i int) bool { return w.r.Fresh != nil && w.r.Fresh[i] }

// read reads the rows that are not known.
func (w *remoteWrite) read(ctx context.Context, round []int) error {
	keys := make([][]byte, len(w.r.Keys))
	some := false
	for _, i := range round {
		if !w.known[i] && !w.fresh(i) {
			keys[i], some = w.r.Keys[i], true
			w.old[i] = datum.Value{}
		}
	}
	if !some {
		return nil
	}
	return w.t.shared.remote.GetMany(ctx, w.t.address(w.p), ReadSingle, keys, w.old)
}

// send decides, and has written what is to be changed.
func (w *remoteWrite) send(ctx context.Context, round []int) error {
	var rows []RemoteRow
	var of []int
	for _, i := range round {
		res := shard.Decide(w.t.primaryKey, w.r, i, w.old[i])
		w.r.Results[i] = res
		if !res.Changed {
			w.written[i] = true
			continue
		}
		rows = append(rows, RemoteRow{Key: w.r.Keys[i], Fresh: w.fresh(i), Old: res.Old, New: res.New})
		of = append(of, i)
	}
	if len(rows) == 0 {
		return nil
	}
	outcomes, err := w.t.shared.remote.Write(ctx, w.t.address(w.p), RemoteWrite{Rows: rows, Durable: w.r.Durable, Copied: w.r.Copied})
	if err != nil {
		return err
	}
	for n, o := range outcomes {
		i := of[n]
		w.known[i], w.old[i] = o.Stale && o.Known, o.Old
		w.written[i] = !o.Stale
		if o.Err != nil {
			w.r.Results[i].Err, w.r.Results[i].Changed = o.Err, false
		}
	}
	return nil
}
