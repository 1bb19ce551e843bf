package exec

import "errors"

// partPlace names a part of a table.
type partPlace struct {
	table string // its identifier
	group uint32
}

// where tells which server has the primary replica of the part.
func (p partPlace) where(r Router) (server string, here bool, err error) {
	if p.table == "" || r == nil {
		return "", true, nil
	}
	return r.Primary(p.table, p.group)
}

// primary is where for a query. That nobody has it at the moment is errPartLost.
func (p partPlace) primary(fr *frame) (server string, here bool, err error) {
	if server, here, err = p.where(fr.q.eng.others()); errors.Is(err, ErrNotReached) {
		err = errPartLost
	}
	return server, here, err
}

// others is the way to other servers, nil if there are none.
func (e *Engine) others() Router {
	if e.router == nil {
		return nil
	}
	return e.router()
}

// parts are where the rows of the source are.
func (f *feedSource) parts() []partPlace {
	if _, stored := f.table.Table.(followedTable); !stored {
		return []partPlace{{}}
	}
	return []partPlace{{table: f.table.ID()}}
}
