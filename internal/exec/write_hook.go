package exec

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// A write hook sees every row that is about to be written, between the function of the write and the checks of the row, and
// says what is written in its place. It runs where the function of the write does: while nobody else can change the row.

// hookPrefix is what the binary that stands for a write hook begins with. What follows is a functionBlob without the versions
// at its beginning.
const hookPrefix = "$reql_write_hook_function$"

// blobVersions are the bytes at the beginning of a functionBlob that hooks do without.
var blobVersions = []byte{blobVersion, blobLanguage, blobLanguage, blobLanguage}

// storedHook gives what the catalog keeps of a hook, and shows of it.
func storedHook(blob functionBlob) (datum.Value, error) {
	t, err := blob.term()
	if err != nil {
		return datum.Value{}, err
	}
	encoded := append([]byte(hookPrefix), blob.append(nil)[len(blobVersions):]...)
	return datum.Object([]datum.Field{
		{Key: "function", Val: datum.Binary(encoded)},
		{Key: "query", Val: datum.String("setWriteHook(" + t.JavaScriptFunction() + ")")},
	}), nil
}

// readHook reads the binary of a hook.
func readHook(b []byte) (blob functionBlob, err error) {
	b, ok := bytes.CutPrefix(b, []byte(hookPrefix))
	if !ok {
		return blob, errors.New("it does not begin as one")
	}
	rest, err := blob.read(append(bytes.Clone(blobVersions), b...))
	if err == nil && len(rest) > 0 {
		err = errors.New("it does not end where it should")
	}
	return blob, err
}

// hookedTable is a table that may have a write hook. System tables have none.
type hookedTable interface {
	WriteHook() datum.Value // as storedHook makes it; absent without a hook
}

// compiledHook is a write hook ready to be called.
type compiledHook struct {
	binary []byte // what it was compiled from
	f      *function
	slots  int
}

// hookCache has the hooks that were used lately, by the identifiers of their tables.
type hookCache struct {
	mu    sync.Mutex
	hooks map[string]*compiledHook
}

// maxHooks is how many compiled hooks are kept. A table that is dropped leaves its hook behind, until all are forgotten.
const maxHooks = 1000

// get compiles the hook of a table unless it has been.
func (c *hookCache) get(tableID string, stored datum.Value) (*compiledHook, error) {
	d, ok := stored.Get("function")
	if !ok || d.Kind() != datum.KindBinary {
		return nil, errors.New("its record has no function")
	}
	binary := d.AsBinary()
	c.mu.Lock()
	h := c.hooks[tableID]
	c.mu.Unlock()
	if h != nil && bytes.Equal(h.binary, binary) {
		return h, nil
	}
	blob, err := readHook(binary)
	if err != nil {
		return nil, err
	}
	h = &compiledHook{binary: binary}
	if h.f, h.slots, err = blob.compile(); err != nil {
		return nil, err
	}
	if h.f.arity != 3 || h.f.det != detAlways {
		return nil, errors.New("it is not a deterministic function of three arguments")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hooks == nil || len(c.hooks) >= maxHooks {
		c.hooks = map[string]*compiledHook{}
	}
	c.hooks[tableID] = h
	return h, nil
}

// writeHook is the hook of a table in one write.
type writeHook struct {
	f          *function
	fr         *frame // its own
	primaryKey string
}

// findHook looks whether the table has a hook. To write past it takes the right to remove it.
func (w *writer) findHook() error {
	if w.ignoreHook {
		return w.table.require(w.fr, Configure)
	}
	t, ok := w.table.Table.(hookedTable)
	if !ok {
		return nil
	}
	stored := t.WriteHook()
	if stored.IsAbsent() {
		return nil
	}
	q := w.fr.q
	h, err := q.eng.hooks.get(w.table.ID(), stored)
	if err != nil {
		return reql.Errorf(reql.OpFailed, "The write hook of table `%s` cannot be used: %s. Set it anew, or remove it with set_write_hook(null).", w.table.displayName(), err)
	}
	// Options of the query are not those of the hook, which has to do the same in every write.
	own := &query{eng: q.eng, client: q.client, plan: &Plan{slots: h.slots}, ctx: q.ctx, arrayLimit: defaultArrayLimit, now: q.now}
	w.hook = &writeHook{f: h.f, fr: &frame{q: own, vars: make([]datum.Value, h.slots)}, primaryKey: w.table.PrimaryKey()}
	return nil
}

// apply gives the row to write in place of row. Both are null, or absent, where there is none.
func (h *writeHook) apply(old, row datum.Value) (datum.Value, error) {
	old, row = orNull(old), orNull(row)
	key := datum.Null
	for _, d := range [...]datum.Value{row, old} {
		if d.Kind() == datum.KindNull {
			continue
		}
		if !isObject(d) {
			return d, typeError(d, "OBJECT")
		}
		if k, ok := d.Get(h.primaryKey); ok {
			key = k
		}
		break
	}
	info := datum.Object([]datum.Field{{Key: "primary_key", Val: key}, {Key: "timestamp", Val: h.fr.q.now}})
	out, err := h.f.callN(h.fr, info, old, row)
	if err != nil {
		return out, hookError(err)
	}
	switch removes := out.Kind() == datum.KindNull; {
	case row.Kind() == datum.KindNull && !removes:
		return out, topLevelOp("A write hook function must not turn a deletion into a replace/insert.")
	case row.Kind() != datum.KindNull && removes:
		return out, topLevelOp("A write hook function must not turn a replace/insert into a deletion.")
	}
	return out, nil
}

func topLevelOp(text string) error {
	return &reql.Error{Type: reql.RuntimeError, Class: reql.OpFailed, Msg: text, TopLevel: true}
}

// hookError says that an error is one of the hook.
func hookError(err error) error {
	switch e := err.(type) { //nolint:errorlint // never wrapped inside the executor
	case *reql.Error:
		c := *e
		c.Msg = fmt.Sprintf("Error in write hook: %s", e.Error())
		c.Detail = nil
		return &c
	case *datum.Error:
		return &datum.Error{Class: e.Class, Msg: "Error in write hook: " + e.Msg}
	}
	return err
}
