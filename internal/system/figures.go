package system

import (
	"context"
	"fmt"

	"rethinkdb/internal/table"
)

// Figures are what a program that watches this server wants to know of its databases.
type Figures struct {
	ServerID, ServerName string
	Queries              int64 // that clients have sent
	Tables               []TableFigures
	Issues               map[string]int // by type
}

// TableFigures are those of one table. Totals are of this server and since its start.
type TableFigures struct {
	Database, Name string
	table.Stats
	Documents int64
	DataBytes int64 // on disk, an estimate
	Indexes   []IndexFigures
}

// IndexFigures are those of one secondary index.
type IndexFigures struct {
	Name     string
	Progress float64 // of its building, 1 when it is ready
}

// Figures are those of this moment.
func (s *System) Figures(ctx context.Context) (f Figures, err error) {
	snap := s.catalog.Snapshot()
	server := snap.Server()
	f = Figures{ServerID: string(server.ID), ServerName: server.Name, Queries: s.counters.queries.Load(), Issues: map[string]int{}}
	issues, err := s.unavailable(ctx, snap, Names)
	if err != nil {
		return f, err
	}
	for _, issue := range append(issues, s.ownIssues()...) {
		f.Issues[issue.Type]++
	}
	for _, t := range snap.Tables() {
		one := TableFigures{Database: t.DB(), Name: t.Name(), Stats: t.Stats()}
		if one.Documents, err = t.Count(ctx, table.ReadOptions{Mode: table.ReadOutdated}); err != nil {
			return f, fmt.Errorf("count table %s: %w", t.ID(), err)
		}
		if one.DataBytes, err = t.EstimatedBytes(); err != nil {
			return f, fmt.Errorf("measure table %s: %w", t.ID(), err)
		}
		for _, x := range t.Indexes() {
			switch {
			case x.NotUnique != nil: // there will be none
			case x.Ready:
				one.Indexes = append(one.Indexes, IndexFigures{x.Name, 1})
			default:
				one.Indexes = append(one.Indexes, IndexFigures{x.Name, x.Index.Progress()})
			}
		}
		f.Tables = append(f.Tables, one)
	}
	return f, nil
}
