package system

import (
	"testing"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/replication"
)

// TestAvailability goes through what servers can tell of a table with replicas on a (this one), b and c, of which a is to be the primary one.
func TestAvailability(t *testing.T) {
	w := newWorld(t)
	a := catalog.ServerID(w.server)
	b := w.join("beta", true)
	c := w.join("gamma", true)
	gone := w.join("delta", false)
	snap := w.catalog.Snapshot()
	config := func(servers ...catalog.ServerID) *catalog.Layout {
		return &catalog.Layout{Shards: []catalog.ShardConfig{{Primary: servers[0], Replicas: catalog.Descending(servers)}}}
	}
	leads := func(quorum bool, members ...catalog.ReplicaMember) catalog.ReplicaState {
		return catalog.ReplicaState{Primary: true, Term: 2, Quorum: quorum, Readable: true, Members: members}
	}
	member := func(id catalog.ServerID) catalog.ReplicaMember {
		return catalog.ReplicaMember{Server: id, Voter: true, Active: true}
	}
	follows := func(id catalog.ServerID) catalog.ReplicaState {
		return catalog.ReplicaState{Term: 2, Following: id, Readable: true}
	}
	lost, behind, mute, fresh := member(c), member(c), member(c), member(c)
	lost.Active, behind.Behind, mute.Voter, fresh.Copy = false, true, false, &replication.Progress{}
	all := []catalog.ReplicaMember{member(a), member(b), member(c)}
	for name, test := range map[string]struct {
		config *catalog.Layout
		told   reports
		want   string // the primary server, the states in the order of the servers, the four flags
	}{
		"alone":         {config(a), reports{a: leads(true, member(a))}, "alpha alpha:ready all"},
		"all there":     {config(a, b, c), reports{a: leads(true, all...), b: follows(a), c: follows(a)}, "alpha alpha:ready beta:ready gamma:ready all"},
		"elsewhere":     {config(a, b, c), reports{a: follows(b), b: leads(true, all...), c: follows(b)}, "beta alpha:ready beta:ready gamma:ready writes"},
		"two claims":    {config(b, a), reports{a: {Primary: true, Term: 1, Quorum: true}, b: leads(true, member(a), member(b))}, "beta alpha:transitioning beta:ready writes"},
		"new":           {config(a, b), reports{a: leads(true, member(a))}, "alpha alpha:ready beta:backfilling writes"},
		"copied to":     {config(a, b, c), reports{a: leads(true, member(a), member(b), fresh), b: follows(a), c: follows(a)}, "alpha alpha:ready beta:ready gamma:backfilling writes"},
		"behind":        {config(a, b, c), reports{a: leads(true, member(a), member(b), behind), b: follows(a), c: follows(a)}, "alpha alpha:ready beta:ready gamma:backfilling writes"},
		"no vote yet":   {config(a, b, c), reports{a: leads(true, member(a), member(b), mute), b: follows(a), c: follows(a)}, "alpha alpha:ready beta:ready gamma:transitioning writes"},
		"cut off":       {config(a, b, c), reports{a: leads(true, member(a), member(b), lost), b: follows(a), c: {Candidate: true}}, "alpha alpha:ready beta:ready gamma:waiting_for_primary writes"},
		"frozen":        {config(a, b, c), reports{a: leads(true, member(a), member(b), lost), b: follows(a)}, "alpha alpha:ready beta:ready gamma:disconnected writes"},
		"leaving":       {config(a, b), reports{a: leads(true, all...), b: follows(a), c: follows(a)}, "alpha alpha:ready beta:ready gamma:transitioning writes"},
		"one gone":      {config(a, b, gone), reports{a: leads(true, member(a), member(b), member(gone)), b: follows(a)}, "alpha alpha:ready beta:ready delta:disconnected writes"},
		"no quorum":     {config(a, gone), reports{a: leads(false, member(a), member(gone))}, "alpha alpha:ready delta:disconnected outdated"},
		"majority lost": {config(a, b, gone), reports{a: {Primary: true, Term: 2, Readable: true}, b: {Term: 2, Readable: true}}, "alpha alpha:ready beta:ready delta:disconnected outdated"},
		"nobody leads":  {config(a, b, gone), reports{a: {Readable: true}, b: {Readable: true}}, "- alpha:waiting_for_primary beta:waiting_for_primary delta:disconnected outdated"},
		"election":      {config(a, b, gone), reports{a: {Readable: true}, b: {Readable: true, Candidate: true}}, "- alpha:waiting_for_primary beta:waiting_for_quorum delta:disconnected outdated"},
		"nobody":        {config(gone), reports{}, "- delta:disconnected none"},
	} {
		got := available(snap, test.config, 0, test.told)
		text := "-"
		if got.primary != "" {
			text = Names.server(snap, got.primary).AsString()
		}
		for _, id := range []catalog.ServerID{a, b, c, gone} {
			if state, ok := got.states[id]; ok {
				text += " " + Names.server(snap, id).AsString() + ":" + state
			}
		}
		switch {
		case got.finished && got.reads && got.outdated:
			text += " all"
		case got.reads && got.outdated:
			text += " writes"
		case got.outdated:
			text += " outdated"
		default:
			text += " none"
		}
		if text != test.want {
			t.Errorf("%s: %s, want %s", name, text, test.want)
		}
	}
}

// TestTableOfUnreachableServers has a table that is only on a server that is not there.
func TestTableOfUnreachableServers(t *testing.T) {
	w := newWorld(t)
	gone := w.join("delta", false)
	snap := w.catalog.Snapshot()
	tbl, _ := snap.TableByID(catalog.TableID(w.tbl))
	tbl = &catalog.Table{Config: tbl.Config.Clone(), DatabaseName: "test"}
	tbl.Config.Shards = []catalog.ShardConfig{{Primary: gone, Replicas: []catalog.ServerID{gone}}}
	a := stateOf(snap, &tbl.Config, tableReports{})
	if got, want := w.json(tableStatusRow(snap, &tbl.Config, Names, a)), `{"db":"test","id":"$tbl","name":"tbl","raft_leader":null,"shards":null,`+
		`"status":{"all_replicas_ready":false,"ready_for_outdated_reads":false,"ready_for_reads":false,"ready_for_writes":false}}`; got != want {
		t.Errorf("the status is\n%s\nwant\n%s", got, want)
	}
	issue := tableAvailability(snap, tbl, Names, a)
	if want := "Table `test.tbl` is not available for any operations. No servers are reachable for this table."; issue.Description != want || !issue.Critical {
		t.Errorf("the issue is %+v", issue)
	}
}
