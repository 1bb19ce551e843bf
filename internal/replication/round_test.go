package replication

import (
	"fmt"
	"testing"

	"rethinkdb/internal/storage"
)

// noting is an Observer that notes what it is asked and told.
type noting struct {
	name              string
	recorded, applied *[]string
}

func (o noting) Record() []byte {
	*o.recorded = append(*o.recorded, o.name)
	return []byte(o.name)
}

func (o noting) Applied(i Index) { *o.applied = append(*o.applied, fmt.Sprint(o.name, " as ", i)) }

// alone returns a group of one voter, driven by the caller.
func alone(t *testing.T) (*Host, *Raft, Epoch) {
	t.Helper()
	store, err := storage.Open("data", storage.Options{Mem: storage.NewMemFS(), SyncOnDemand: true})
	if err != nil {
		t.Fatal(err)
	}
	h := NewHost(HostOptions{Self: "s", Store: store, Transport: nowhere{}, driven: true})
	t.Cleanup(func() {
		h.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	r, err := h.Create(t.Context(), 1, &judging{store: store})
	if err != nil {
		t.Fatal(err)
	}
	h.settle()
	epoch, err := r.Epoch()
	if err != nil {
		t.Fatal(err)
	}
	return h, r, epoch
}

// Commands that come while others are under way share an entry of the log, but each has its index, its record in the history and its fate.
func TestCommandsShareRounds(t *testing.T) {
	h, r, epoch := alone(t)
	store := h.o.Store
	before := r.Status().Last

	var recorded, applied []string
	begin := func(name string, guard []byte) *proposal {
		b := store.NewBatch()
		t.Cleanup(b.Close)
		b.Set(rowKey(1, "a"), []byte(name))
		p, err := r.begin(&Command{Batch: b, Rows: 1, Epoch: epoch, Guard: guard, Observer: noting{name, &recorded, &applied}})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	all := []*proposal{begin("1", nil)}
	r.do(func() {}) // it is under way now
	all = append(all, begin("2", nil), begin("3", nil), begin("4", []byte("no")), begin("5", nil), begin("6", nil))
	for range 4 {
		h.settle()
	}

	for i, p := range all {
		select {
		case <-p.done:
		default:
			t.Fatalf("command %d has no fate", i+1)
		}
		if refused := i == 3; p.index != Index(i+1) || (p.err != nil) != refused {
			t.Errorf("command %d: index %d, %v", i+1, p.index, p.err)
		}
	}
	if got, want := fmt.Sprint(recorded, applied), "[1 2 3 4 5 6] [1 as 1 2 as 2 3 as 3 5 as 5 6 as 6]"; got != want {
		t.Errorf("the observers have %s, want %s", got, want)
	}
	if got := r.Status().Last - before; got != 4 { // 1, 2 and 3, 4 with its guard, 5 and 6
		t.Errorf("six commands have taken %d entries, want 4", got)
	}
	if s := r.State(); s.Applied != 6 || s.Rows != 5 {
		t.Errorf("the state is %+v", s)
	}
	for i, name := range []string{"1", "2", "3", "", "5", "6"} {
		v, _, err := store.Get(storage.AppendHistoryKey(nil, 1, uint64(i+1)))
		if err != nil || string(v) != name {
			t.Errorf("the record of command %d is %q, %v", i+1, v, err)
		}
	}
}
