package server

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/cluster"
	"rethinkdb/internal/metadata"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/system"
)

// When the majority of the servers that keep the metadata is lost for good, nothing of it can be changed any more, until an operator says which servers are
// lost: the table metadata_status takes that. It is asked for on any server that is left. This one finds out who of those that are left has most of the metadata, and has that one
// go on alone (metadata.Store.Recover). Then it makes the others members again, as always (clustering.keepMetadata).

// Calls between servers.
const (
	callKeeper  = "metadata keeper"   // keeperState of the server that is asked; the request is empty
	callRecover = "metadata recovery" // replication.Repair of the metadata, in which the server that is asked is the first
)

// recoveryTime bounds a recovery, which is a matter of milliseconds when all goes well.
const recoveryTime = 10 * time.Second

// keeperState is what a server tells of its replica of the metadata.
type keeperState struct {
	Holds  bool                     `json:"holds"`
	Leads  bool                     `json:"leads"` // with a majority
	Era    replication.Era          `json:"era"`
	End    replication.LogPosition  `json:"end"`
	Voters [][]replication.ServerID `json:"voters"`
}

// keepers implements system.Keepers.
type keepers struct{ n *node }

// keepers are nil on a proxy, which keeps nothing.
func (n *node) keepers() system.Keepers {
	if n.config.Proxy {
		return nil
	}
	return keepers{n}
}

// own is what this server has of the metadata; ok is false if it shares it with nobody.
func (k keepers) own() (state keeperState, ok bool) {
	raft := k.n.data.metadata.Raft()
	if raft == nil {
		return state, false
	}
	s := raft.Status()
	return keeperState{Holds: len(s.Members) > 0, Leads: s.Role == replication.Leader && s.Quorum, Era: s.Era, End: s.End, Voters: s.Voters}, true
}

// Keepers implements system.Keepers.
func (k keepers) Keepers() (status system.KeeperStatus) {
	s := k.n.data.catalog.Snapshot()
	own, shared := k.own()
	if !shared {
		return system.KeeperStatus{Primary: s.Server().ID, Voters: []catalog.ServerID{s.Server().ID}}
	}
	for _, id := range voters(own) {
		status.Voters = append(status.Voters, id)
		if !s.Connected(id) {
			status.Missing = append(status.Missing, id)
		}
	}
	if leader, known := k.n.data.metadata.Raft().Leader(); known && (own.Leads || leader != replication.ServerID(s.Server().ID)) && s.Connected(catalog.ServerID(leader)) {
		status.Primary = catalog.ServerID(leader)
	}
	return status
}

func voters(k keeperState) (ids []catalog.ServerID) {
	for _, set := range k.Voters {
		for _, id := range set {
			if !slices.Contains(ids, catalog.ServerID(id)) {
				ids = append(ids, catalog.ServerID(id))
			}
		}
	}
	slices.Sort(ids)
	return ids
}

// GiveUp implements system.Keepers.
func (k keepers) GiveUp(ctx context.Context, lost []catalog.ServerID) error {
	ctx, cancel := context.WithTimeout(ctx, recoveryTime)
	defer cancel()
	first, state, err := k.most(ctx)
	if err != nil {
		return err
	}
	if err := k.checkLost(state, lost); err != nil {
		return err
	}
	p := replication.Repair{Era: nextEra(state.Era), First: replication.ServerID(first), Last: state.End}
	k.n.log.Warn("An operator has given up servers: the metadata goes on without them.", "with", p.First, "era", p.Era)
	if first == k.n.data.catalog.Snapshot().Server().ID {
		return k.recover(ctx, p)
	}
	_, err = cluster.Ask[struct{}](ctx, k.n.clustering.mesh, cluster.ServerID(first), callRecover, p)
	if failure, ok := errors.AsType[*cluster.Failure](err); ok {
		return &system.KeepersError{Text: failure.Text}
	}
	return err
}

// most finds the server that has most of the metadata, of those that are in touch.
func (k keepers) most(ctx context.Context) (first catalog.ServerID, best keeperState, err error) {
	s := k.n.data.catalog.Snapshot()
	best, ok := k.own()
	if !ok {
		return "", best, &system.KeepersError{Text: "This server shares its metadata with no others, so that there is nobody to give up."}
	}
	first = s.Server().ID
	for _, other := range s.Servers() {
		if other.ID == s.Server().ID {
			continue
		}
		state, err := cluster.Ask[keeperState](ctx, k.n.clustering.mesh, cluster.ServerID(other.ID), callKeeper, struct{}{})
		switch {
		case err != nil:
			return "", best, &system.KeepersError{Text: fmt.Sprintf("The server `%s` is connected but does not say what it has of the metadata. Nothing was changed. "+
				"Try again, or stop that server if it does not work any more.", other.Name)}
		case state.Leads:
			return "", best, errKeepersWork
		case state.Holds && (state.Era > best.Era || state.Era == best.Era && best.End.Less(state.End)):
			first, best = other.ID, state
		}
	}
	if best.Leads {
		return "", best, errKeepersWork
	}
	return first, best, nil
}

var errKeepersWork = &system.KeepersError{Text: "A majority of the servers that keep the metadata is connected, and it can be changed. Nobody was given up."}

// checkLost makes sure that the operator means what there is: that half of those who vote, or more, are missing, and that he has named all of them, and nobody else.
func (k keepers) checkLost(state keeperState, lost []catalog.ServerID) error {
	s := k.n.data.catalog.Snapshot()
	var missing []catalog.ServerID
	for _, id := range voters(state) {
		if !s.Connected(id) {
			missing = append(missing, id)
		}
	}
	needed := false
	for _, set := range state.Voters {
		away := 0
		for _, id := range set {
			if slices.Contains(missing, catalog.ServerID(id)) {
				away++
			}
		}
		needed = needed || 2*away >= len(set)
	}
	lost = slices.Compact(slices.Sorted(slices.Values(lost)))
	switch {
	case !needed:
		return &system.KeepersError{Text: "A majority of the servers that keep the metadata is connected. Nobody was given up."}
	case !slices.Equal(lost, missing):
		return &system.KeepersError{Text: fmt.Sprintf("The servers that keep the metadata and are not connected are %s. Name all of these, and no others, if they are lost for good. Nobody was given up.",
			strings.Join(k.names(missing), ", "))}
	}
	return nil
}

func (k keepers) names(ids []catalog.ServerID) (names []string) {
	s := k.n.data.catalog.Snapshot()
	for _, id := range ids {
		name := string(id)
		if server, ok := s.Member(id); ok {
			name = server.Name
		}
		names = append(names, "`"+name+"`")
	}
	slices.Sort(names)
	return names
}

// nextEra is the era of a recovery. Two may be decided on in two halves of a broken network, so it has a part that is made up: the greater one wins when they meet.
func nextEra(last replication.Era) replication.Era {
	return (last>>16+1)<<16 | replication.Era(rand.N(1<<16-1)) //nolint:gosec // not a secret
}

// recover has the metadata go on with what this server has.
func (k keepers) recover(ctx context.Context, p replication.Repair) error {
	own, ok := k.own()
	if !ok || own.Leads || own.Era >= p.Era || own.End != p.Last {
		return &system.KeepersError{Text: "The metadata has changed meanwhile. Nobody was given up."}
	}
	data := k.n.data
	err := data.metadata.Recover(ctx, data.host, &p)
	if errors.Is(err, metadata.ErrNotShared) {
		return &system.KeepersError{Text: "The metadata has changed meanwhile. Nobody was given up."}
	}
	if err != nil {
		return err
	}
	return data.catalog.SkipGroups(ctx)
}

// answerKeeper answers callKeeper.
func (c *clustering) answerKeeper(context.Context, cluster.ServerID, struct{}) (keeperState, error) {
	state, _ := keepers{c.node}.own()
	return state, nil
}

// answerRecover answers callRecover.
func (c *clustering) answerRecover(ctx context.Context, _ cluster.ServerID, p replication.Repair) (struct{}, error) {
	err := keepers{c.node}.recover(ctx, p)
	if refused, ok := errors.AsType[*system.KeepersError](err); ok {
		err = &cluster.Failure{Kind: "refused", Text: refused.Text}
	}
	return struct{}{}, err
}
