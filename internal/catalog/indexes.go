package catalog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
)

// Index is the definition of a secondary index.
type Index struct {
	Name               string
	Number             uint32 // names the entries in the store; no later index of the table has it
	Multi, Geo, Unique bool
	// Definition is of the function, in the form of who compiles it.
	Definition []byte
	// Ready says that the index is built, and Built in which groups it is until then. What there is in others is thrown away at the next start.
	Ready bool
	Built []storage.GroupID
	// NotUnique, if not nil, says that the build of a unique index found two rows with one value. There is nothing but this
	// record of it then, until somebody drops it.
	NotUnique *table.NotUniqueError
}

// IndexCompiler makes functions of their definitions.
type IndexCompiler func(definition []byte) (table.IndexFunction, error)

// Errors of changes of indexes.
var (
	ErrNoIndex       = errors.New("the index does not exist")
	ErrIndexExists   = errors.New("the index already exists")
	errCatalogClosed = errors.New("the server is about to end")
)

// IndexInUseError is the error of dropping or renaming an index that the rows of its table expire by.
type IndexInUseError struct{ Name string }

func (e *IndexInUseError) Error() string {
	return fmt.Sprintf("the rows of the table expire by the index %q", e.Name)
}

// indexHandle is an index that is in use, and its build.
type indexHandle struct {
	index atomic.Pointer[table.Index]
	name  atomic.Pointer[string]
	stop  context.CancelFunc // of the build
	ended chan struct{}      // closed when the build is over, one way or another
	gone  chan struct{}      // closed when a dropped index has been removed, or that has failed
	ready chan struct{}      // closed when the index is ready, or will never be, or is gone
	once  sync.Once          // closes ready
	began time.Time
}

func newIndexHandle(name string) *indexHandle {
	h := &indexHandle{began: time.Now(), stop: func() {}, ended: make(chan struct{}), gone: make(chan struct{}), ready: make(chan struct{})}
	h.name.Store(&name)
	return h
}

// settled tells who waits for the index how it has ended.
func (h *indexHandle) settled() { h.once.Do(func() { close(h.ready) }) }

// finish says that the index is built, be it by another server.
func (h *indexHandle) finish() {
	h.stop()
	if x := h.index.Load(); x != nil {
		x.Finish()
	}
	h.settled()
}

// over is the end of a handle with nothing to build.
func (h *indexHandle) over() {
	close(h.ended)
	h.settled()
}

// IndexNames returns the names of the indexes, sorted.
func (c *TableConfig) IndexNames() []string {
	names := make([]string, len(c.Indexes))
	for i, x := range c.Indexes {
		names[i] = x.Name
	}
	return names
}

func (c *TableConfig) findIndex(name string) (i int, ok bool) {
	return slices.BinarySearchFunc(c.Indexes, name, func(x Index, name string) int { return strings.Compare(x.Name, name) })
}

// Indexes returns the table's indexes, sorted by name.
func (t *Table) Indexes() []table.IndexInfo {
	infos := make([]table.IndexInfo, len(t.Config.Indexes))
	for i := range t.Config.Indexes {
		infos[i] = t.indexInfo(i)
	}
	return infos
}

// Index returns the index of that name.
func (t *Table) Index(name string) (table.IndexInfo, bool) {
	i, ok := t.Config.findIndex(name)
	if !ok {
		return table.IndexInfo{}, false
	}
	return t.indexInfo(i), true
}

func (t *Table) indexInfo(i int) table.IndexInfo {
	x := &t.Config.Indexes[i]
	h := t.handles[x.Number]
	return table.IndexInfo{Name: x.Name, Multi: x.Multi, Geo: x.Geo, Unique: x.Unique, Definition: x.Definition, Ready: x.Ready,
		NotUnique: x.NotUnique, Index: h.index.Load(), Built: h.ready, Began: h.began}
}

// tableIndex makes of a definition what package table works with.
func (c *Catalog) tableIndex(x Index) (table.IndexConfig, error) {
	if c.compile == nil {
		return table.IndexConfig{}, errors.New("this catalog was opened without a compiler for indexes")
	}
	f, err := c.compile(x.Definition)
	return table.IndexConfig{Number: x.Number, Multi: x.Multi, Geo: x.Geo, Unique: x.Unique, Function: f, Cells: c.cells, Ready: x.Ready}, err
}

// openIndexes opens the indexes of a table when the catalog is opened. The builds that a crash or a stop has interrupted begin
// anew.
func (c *Catalog) openIndexes(ctx context.Context, t *Table) error {
	var live []uint32
	for _, x := range t.Config.Indexes {
		if x.NotUnique == nil {
			live = append(live, x.Number)
		}
	}
	if err := t.Table.SweepIndexes(ctx, live); err != nil {
		return err
	}
	for _, x := range t.Config.Indexes {
		if x.NotUnique != nil {
			h := newIndexHandle(x.Name)
			h.over()
			t.putHandle(x.Number, h)
			continue
		}
		cfg, err := c.tableIndex(x)
		if err == nil {
			err = c.addHandle(ctx, t, x.Name, cfg, x.Built)
		}
		if err != nil {
			return fmt.Errorf("open index %q of table %s: %w", x.Name, t.ID(), err)
		}
	}
	return nil
}

// putHandle adds a handle to an unpublished table.
func (t *Table) putHandle(number uint32, h *indexHandle) {
	handles := maps.Clone(t.handles)
	if handles == nil {
		handles = map[uint32]*indexHandle{}
	}
	handles[number] = h
	t.handles = handles
}

// addHandle begins to maintain an index of an unpublished table, and builds it unless it is ready. Some parts may have it already. The caller holds mu.
func (c *Catalog) addHandle(ctx context.Context, t *Table, name string, cfg table.IndexConfig, built []storage.GroupID) (err error) {
	h := newIndexHandle(name)
	cfg.Name = func() string { return *h.name.Load() }
	x, parts := t.NewIndex(cfg), t.Parts()
	for _, p := range parts {
		if slices.Contains(built, p.Number()) {
			err = errors.Join(err, x.AddBuiltTo(ctx, p))
		} else {
			err = errors.Join(err, x.AddTo(ctx, p))
		}
	}
	if err != nil {
		return err
	}
	h.index.Store(x)
	t.putHandle(cfg.Number, h)
	if cfg.Ready {
		h.over()
		return nil
	}
	building, stop := context.WithCancel(c.background)
	h.stop = stop
	c.later(func() {
		defer close(h.ended)
		c.build(building, t.Config.ID, parts, cfg.Number, h)
	})
	return nil
}

// maxBuilds is how many indexes are built at the same time, each with all processors.
const maxBuilds = 2

// Pauses before a build is tried again, for example when the disk is full.
const (
	minBuildPause = time.Second
	maxBuildPause = time.Minute
)

// build builds an index until that succeeds or ctx ends. Of each part the server with the primary replica does so.
func (c *Catalog) build(ctx context.Context, id TableID, parts []*table.Part, number uint32, h *indexHandle) {
	var built sync.WaitGroup
	for _, p := range parts {
		built.Go(func() { c.buildPart(ctx, id, parts, p, number, h) })
	}
	built.Wait()
}

// buildPart builds an index in one of the parts, and from the beginning if that fails.
func (c *Catalog) buildPart(ctx context.Context, id TableID, parts []*table.Part, p *table.Part, number uint32, h *indexHandle) {
	for pause := minBuildPause; ; pause = min(2*pause, maxBuildPause) {
		err := c.buildOnce(ctx, id, parts, p, number, h)
		if err == nil || ctx.Err() != nil || errors.Is(err, ErrTableGone) || errors.Is(err, ErrNoIndex) {
			return
		}
		if errors.Is(err, table.ErrNotPrimary) {
			pause = minBuildPause
		} else {
			c.log.Error("Building an index failed. It is tried again.", "table", string(id), "error", err)
		}
		x := h.index.Load()
		for again := false; !again; {
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return
			}
			again = x.DropFrom(ctx, p) == nil && x.AddTo(ctx, p) == nil
		}
	}
}

func (c *Catalog) buildOnce(ctx context.Context, id TableID, parts []*table.Part, p *table.Part, number uint32, h *indexHandle) error {
	if err := awaitPrimary(ctx, p); err != nil {
		return err
	}
	if c.isBuilt(id, number, p.Number()) {
		return nil
	}
	select {
	case c.buildSlots <- struct{}{}:
		defer func() { <-c.buildSlots }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	err := h.index.Load().BuildPart(ctx, p)
	var notUnique *table.NotUniqueError
	if err == nil || errors.As(err, &notUnique) {
		err = c.indexBuilt(ctx, id, number, parts, p, notUnique)
	}
	if err == nil && notUnique != nil {
		c.removeFailed(ctx, p, h)
		h.settled()
	}
	return err
}

// awaitPrimary waits until this server has the primary replica of a part.
func awaitPrimary(ctx context.Context, p *table.Part) error {
	for !p.Here() {
		select {
		case <-time.After(keeperInterval):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// isBuilt tells whether another server has built an index in a part.
func (c *Catalog) isBuilt(id TableID, number uint32, group storage.GroupID) bool {
	t, ok := c.current.Load().tables[id]
	if !ok {
		return false
	}
	i := slices.IndexFunc(t.Config.Indexes, func(x Index) bool { return x.Number == number })
	return i >= 0 && (t.Config.Indexes[i].Ready || slices.Contains(t.Config.Indexes[i].Built, group))
}

// removeFailed ends the use of an index that turned out not to be unique.
func (c *Catalog) removeFailed(ctx context.Context, p *table.Part, h *indexHandle) {
	if err := h.index.Load().DropFrom(ctx, p); err != nil && ctx.Err() == nil {
		c.log.Error("The entries of an index that could not be built are not removed. This is tried again when the server starts.",
			"group", p.Number(), "index", *h.name.Load(), "error", err)
	}
}

// indexBuilt writes down that an index is built in a part, and is ready if it is in all of them; or that it is not unique.
func (c *Catalog) indexBuilt(ctx context.Context, id TableID, number uint32, parts []*table.Part, p *table.Part, notUnique *table.NotUniqueError) error {
	_, _, err := c.UpdateTable(ctx, id, func(_ *Snapshot, cfg *TableConfig) error {
		i := slices.IndexFunc(cfg.Indexes, func(x Index) bool { return x.Number == number })
		if i < 0 {
			return ErrNoIndex
		}
		x := &cfg.Indexes[i]
		if x.NotUnique = notUnique; notUnique == nil {
			built := append(slices.Clone(x.Built), p.Number())
			x.Ready = !slices.ContainsFunc(parts, func(p *table.Part) bool { return !slices.Contains(built, p.Number()) })
			if x.Built = built; x.Ready {
				x.Built = nil
			}
		}
		return nil
	})
	return err
}

// indexesReady tells whether no index is being built.
func (c *TableConfig) indexesReady() bool {
	return !slices.ContainsFunc(c.Indexes, func(x Index) bool { return !x.Ready && x.NotUnique == nil })
}

// AddIndex adds an index to a configuration, for UpdateTable, which then begins to build it.
func (c *TableConfig) AddIndex(x Index) error {
	at, exists := c.findIndex(x.Name)
	if exists {
		return ErrIndexExists
	}
	c.LastIndex++
	x.Number, x.Ready, x.NotUnique = c.LastIndex, false, nil
	c.Indexes = slices.Insert(c.Indexes, at, x)
	return nil
}

// CreateIndex adds an index to a table and begins to build it.
func (c *Catalog) CreateIndex(ctx context.Context, id TableID, x Index) error {
	_, _, err := c.UpdateTable(ctx, id, func(_ *Snapshot, cfg *TableConfig) error { return cfg.AddIndex(x) })
	return err
}

// newIndex is an index that a change of a table's configuration has brought.
type newIndex struct {
	name   string
	config table.IndexConfig
}

// newIndexes are the indexes that a configuration has with numbers after last.
func (c *Catalog) newIndexes(cfg *TableConfig, last uint32) (list []newIndex, err error) {
	for _, x := range cfg.Indexes {
		if x.Number > last {
			config, err := c.tableIndex(x)
			if err != nil {
				return nil, err
			}
			list = append(list, newIndex{x.Name, config})
		}
	}
	return list, nil
}

// applyIndexes makes of the indexes of an unpublished table what its configuration says: it begins to maintain and to build those that
// are new, renames and ends others. The caller holds mu.
func (c *Catalog) applyIndexes(before, after *Table) error {
	list, err := c.newIndexes(&after.Config, before.Config.LastIndex)
	for _, x := range list {
		err = errors.Join(err, c.addHandle(c.background, after, x.name, x.config, nil))
	}
	for _, x := range before.Config.Indexes {
		h := before.handles[x.Number]
		i := slices.IndexFunc(after.Config.Indexes, func(y Index) bool { return y.Number == x.Number })
		switch {
		case h == nil: // it could not be opened
		case i < 0:
			c.later(func() { c.finishDropIndex(before, h) })
		default:
			h.name.Store(&after.Config.Indexes[i].Name)
			if after.Config.Indexes[i].Ready && !x.Ready {
				h.finish()
			}
		}
	}
	return err
}

// DropIndex ends an index.
func (c *Catalog) DropIndex(ctx context.Context, id TableID, name string) error {
	before, _, err := c.UpdateTable(ctx, id, func(_ *Snapshot, cfg *TableConfig) error {
		i, ok := cfg.findIndex(name)
		if !ok {
			return ErrNoIndex
		}
		if err := cfg.inUse(name); err != nil {
			return err
		}
		cfg.Indexes = slices.Delete(cfg.Indexes, i, i+1)
		return nil
	})
	if err != nil {
		return err
	}
	before.waitForEnd(c, name)
	return nil
}

// RenameIndex gives an index another name. With overwrite it takes the place of the index that has the name.
func (c *Catalog) RenameIndex(ctx context.Context, id TableID, old, name string, overwrite bool) error {
	overwritten := false
	before, _, err := c.UpdateTable(ctx, id, func(_ *Snapshot, cfg *TableConfig) error {
		overwritten = false
		i, ok := cfg.findIndex(old)
		if !ok {
			return ErrNoIndex
		}
		x := cfg.Indexes[i]
		if old == name {
			return nil
		}
		if err := errors.Join(cfg.inUse(old), cfg.inUse(name)); err != nil {
			return err
		}
		if j, taken := cfg.findIndex(name); taken {
			if !overwrite {
				return ErrIndexExists
			}
			overwritten = true
			cfg.Indexes = slices.Delete(cfg.Indexes, j, j+1)
		}
		i, _ = cfg.findIndex(old)
		cfg.Indexes = slices.Delete(cfg.Indexes, i, i+1)
		x.Name = name
		at, _ := cfg.findIndex(name)
		cfg.Indexes = slices.Insert(cfg.Indexes, at, x)
		return nil
	})
	if err != nil {
		return err
	}
	if overwritten {
		before.waitForEnd(c, name)
	}
	return nil
}

// finishDropIndex removes the entries of an index that has no record any more.
func (c *Catalog) finishDropIndex(t *Table, h *indexHandle) {
	defer close(h.gone)
	h.stop()
	<-h.ended
	if x := h.index.Load(); x != nil {
		if err := t.dropIndex(context.WithoutCancel(c.background), x); err != nil {
			c.log.Error("The entries of a dropped index could not be removed. This is tried again when the server starts.",
				"table", t.ID(), "index", *h.name.Load(), "error", err)
		}
	}
	h.settled()
}

// dropIndex ends an index in all parts.
func (t *Table) dropIndex(ctx context.Context, x *table.Index) (err error) {
	for _, p := range slices.Concat(t.Parts(), t.nextParts()) {
		if failed := x.DropFrom(ctx, p); failed != nil && !errors.Is(failed, table.ErrDropped) {
			err = errors.Join(err, failed)
		}
	}
	return err
}

// waitForEnd waits until the entries of an index are removed that the table has had.
func (t *Table) waitForEnd(c *Catalog, name string) {
	if i, ok := t.Config.findIndex(name); ok {
		if h := t.handles[t.Config.Indexes[i].Number]; h != nil {
			c.waitFor(h.gone)
		}
	}
}

// stopBuilds ends the builds of a table that ends.
func (t *Table) stopBuilds() {
	for _, h := range t.handles {
		h.stop()
		<-h.ended
		h.settled()
	}
}

// Close ends the builds that are going on, which begin anew when the catalog is opened again, and what follows the tables.
func (c *Catalog) Close() {
	c.mu.Lock() // a CreateIndex has seen the end, or its build is one of those that the end waits for
	c.end()
	c.mu.Unlock()
	c.tasks.Wait()
	c.keeperCalls.endTaken()
	for _, t := range c.current.Load().tables {
		for _, p := range t.everyPart() {
			p.CloseTap()
		}
	}
}
