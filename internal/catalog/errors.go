package catalog

import (
	"errors"

	"rethinkdb/internal/metadata"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/reql"
)

// NoDatabase is the error for a name that no database has.
func NoDatabase(name string) error {
	return reql.Errorf(reql.OpFailed, "Database `%s` does not exist.", name)
}

// NoTable is the error for a name that no table of the database has.
func NoTable(database, name string) error {
	return reql.Errorf(reql.OpFailed, "Table `%s.%s` does not exist.", database, name)
}

// DatabaseExists is the error for a new database whose name is taken.
func DatabaseExists(name string) error {
	return reql.Errorf(reql.OpFailed, "Database `%s` already exists.", name)
}

// TableExists is the error for a new table whose name is taken.
func TableExists(database, name string) error {
	return reql.Errorf(reql.OpFailed, "Table `%s.%s` already exists.", database, name)
}

func databaseRenameTaken(old, new string) error {
	return reql.Errorf(reql.OpFailed,
		"Cannot rename database `%s` to `%s` because database `%s` already exists.", old, new, new)
}

func tableRenameTaken(oldDB, old, newDB, new string) error {
	return reql.Errorf(reql.OpFailed, "Can't rename table `%s.%s` to `%s.%s` because table `%s.%s` already exists.",
		oldDB, old, newDB, new, newDB, new)
}

func databaseAlreadyDeleted() error {
	return reql.Errorf(reql.OpFailed, "The database was already deleted.")
}

// ChangeError gives the error of a change of the metadata the words for the user, if other servers are the reason.
func ChangeError(err error) error {
	switch {
	case errors.Is(err, metadata.ErrNoMajority), errors.Is(err, replication.ErrNotPrimary), errors.Is(err, replication.ErrNoQuorum):
		return reql.Errorf(reql.OpFailed, "A majority of the servers of the cluster is currently unreachable. Nothing was changed."+
			" If they are lost for good, `rethinkdb admin recover metadata` lets the others go on.")
	case errors.Is(err, replication.ErrUnknownOutcome):
		return reql.Errorf(reql.OpIndeterminate, "We lost contact with a majority of the servers of the cluster. The change may or may not have been made.")
	}
	return err
}

// refused tells whether a change was definitely not made. Any other error leaves it open.
func refused(err error) bool {
	e, ok := errors.AsType[*reql.Error](err)
	return ok && e.Class != reql.OpIndeterminate
}
