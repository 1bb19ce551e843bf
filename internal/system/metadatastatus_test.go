package system

import (
	"context"
	"slices"
	"testing"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

// fakeKeepers are three servers, of which all but the first may be missing.
type fakeKeepers struct {
	status KeeperStatus
	lost   []catalog.ServerID // who was given up
	refuse string
}

func (k *fakeKeepers) Keepers() KeeperStatus { return k.status }

func (k *fakeKeepers) GiveUp(_ context.Context, lost []catalog.ServerID) error {
	if k.refuse != "" {
		return &KeepersError{k.refuse}
	}
	k.lost = lost
	return nil
}

func TestMetadataStatus(t *testing.T) {
	keepers := &fakeKeepers{}
	w := newWorld(t, func(o *Options) { o.Keepers = keepers })
	self, b, c := catalog.ServerID(w.server), w.join("beta", false), w.join("gamma", false)
	keepers.status = KeeperStatus{Primary: self, Voters: []catalog.ServerID{self, b, c}, Missing: []catalog.ServerID{b}}
	tbl := w.as(w.admin, "metadata_status", "")
	row := func() string {
		v, err := tbl.Get(ctx, str("metadata"), table.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return w.json(v)
	}
	if got, want := row(), `{"available":true,"disconnected":["beta"],"given_up":[],"id":"metadata","primary":"alpha","voters":["alpha","beta","gamma"]}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	keepers.status.Primary = ""
	if got, want := row(), `{"available":false,"disconnected":["beta"],"given_up":[],"id":"metadata","primary":null,"voters":["alpha","beta","gamma"]}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}

	if err := outcome(w.update(tbl, `"metadata"`, `{"given_up":["gamma","beta"]}`)); err != nil || !slices.Equal(keepers.lost, []catalog.ServerID{c, b}) {
		t.Errorf("%v were given up: %v", keepers.lost, err)
	}
	keepers.lost, keepers.refuse = nil, "They are there."
	for change, want := range map[string]string{
		`{"given_up":["beta"]}`:     "They are there.",
		`{"given_up":["delta"]}`:    "In `given_up`: Server `delta` does not exist.",
		`{"given_up":"beta"}`:       `In ` + "`given_up`" + `: Expected an array; got "beta"`,
		`{"given_up":[1]}`:          "In `given_up`: Expected a string; got 1",
		`{"available":true}`:        errMetadataRest,
		`{"more":true}`:             errMetadataRest,
		`{"voters":[],"primary":1}`: errMetadataRest,
	} {
		wantError(t, outcome(w.update(tbl, `"metadata"`, change)), reql.OpFailed, want)
	}
	wantError(t, outcome(w.insert(tbl, `{"id":"x","given_up":[]}`)), reql.OpFailed, errMetadataRow)
	wantError(t, outcome(w.remove(tbl, `"metadata"`)), reql.OpFailed, errMetadataRow)
}
