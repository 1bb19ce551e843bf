package exec

import (
	"slices"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

// joinRows are the pairs of an eq_join with a table that has rows on other servers. To ask for the partners of one row after the other would cost a
// message to and fro for each. So rows are read ahead, and the partners of some are asked for at a time. The pairs come in the order of the rows all the same.
type joinRows struct {
	s     *seq // the rows
	f     *function
	table *tableVal
	index string // of the table; "" for the primary key
	at    *reql.Term

	size  int       // rows of the next batch
	batch []joinRow // whose partners are known; the first one's are being given
	ahead []joinRow // read, and to be joined in the next batch
	late  error     // behind the rows that are read
	ended bool
}

// joinRow is a row with its key, which is not null.
type joinRow struct {
	left, key datum.Value
	rights    []datum.Value // partners that are still to be given
	more      *seq          // or these, which are too many to be kept
}

const (
	// The first batch of rows to be joined is small, because many readers want just the first pairs.
	firstJoinRows = 16
	maxJoinRows   = 512
	// maxJoinBytes is about how much the rows of a batch may have, and so may their partners.
	maxJoinBytes = 1 << 20
)

// far tells whether some rows of the table are not read here.
func (t *tableVal) far(fr *frame) bool {
	parted, ok := t.Table.(partedTable)
	router := fr.q.eng.others()
	if !ok || router == nil || t.read.Mode == table.ReadOutdated {
		return false
	}
	return slices.ContainsFunc(parted.Parts(), func(p *table.Part) bool {
		_, here, err := partPlace{t.ID(), uint32(p.Number())}.where(router)
		return err != nil || !here
	})
}

func (r *joinRows) next(fr *frame) (datum.Value, bool, error) {
	for {
		for len(r.batch) > 0 {
			row, ok, err := r.batch[0].next(fr)
			if ok || err != nil {
				return row, ok, err
			}
			r.batch = r.batch[1:]
		}
		if err := r.read(fr); err != nil {
			return datum.Value{}, false, err
		}
		switch {
		case len(r.ahead) > 0:
			if err := r.join(fr); err != nil {
				return datum.Value{}, false, blame(err, r.at)
			}
		case r.late != nil:
			return datum.Value{}, false, r.late
		default:
			return datum.Value{}, false, nil
		}
	}
}

// next gives the next pair of the row.
func (j *joinRow) next(fr *frame) (datum.Value, bool, error) {
	switch {
	case j.more != nil:
		right, ok, err := j.more.next(fr)
		if ok {
			return pair(j.left, right), true, nil
		}
		j.close()
		return right, false, err
	case len(j.rights) > 0:
		right := j.rights[0]
		j.rights = j.rights[1:]
		return pair(j.left, right), true, nil
	}
	return datum.Value{}, false, nil
}

func (j *joinRow) close() {
	if j.more != nil {
		j.more.close()
		j.more = nil
	}
}

// read reads rows ahead. An error is that of the pairs behind those of the rows that were read before.
func (r *joinRows) read(fr *frame) error {
	r.size = max(r.size, firstJoinRows)
	bytes := 0
	for _, j := range r.ahead {
		bytes += j.left.Bytes()
	}
	for len(r.ahead) < r.size && bytes < maxJoinBytes && r.late == nil && !r.ended {
		var key datum.Value
		left, ok, err := r.s.next(fr)
		if ok {
			key, err = r.key(fr, left)
		}
		switch {
		case err != nil && !isUsers(err):
			return err
		case err != nil:
			r.late = err
		case !ok:
			r.ended = true
		case !key.IsAbsent():
			r.ahead = append(r.ahead, joinRow{left: left, key: key})
			bytes += left.Bytes()
		}
	}
	return nil
}

// key gives what to look for; absent if the row has no partners.
func (r *joinRows) key(fr *frame, left datum.Value) (datum.Value, error) {
	key, err := r.f.maybe(fr, left)
	switch {
	case err != nil:
		return key, blame(err, r.f.at)
	case key.IsAbsent() || key.Kind() == datum.KindNull:
		return datum.Value{}, nil
	case r.index == "":
		err = datum.CheckPrimaryKey(key)
	default:
		err = datum.CheckIndexBound(key)
	}
	return key, blame(err, r.at)
}

// join asks for the partners of the rows that were read ahead.
func (r *joinRows) join(fr *frame) error {
	r.batch, r.ahead = r.ahead, nil
	var found int
	var err error
	if r.index == "" {
		found, err = r.byPrimaryKey(fr)
	} else {
		found, err = r.byIndex(fr)
	}
	switch {
	case found < maxJoinBytes/4:
		r.size = min(2*r.size, maxJoinRows)
	case found >= maxJoinBytes:
		r.size /= 2
	}
	return err
}

// byPrimaryKey finds the rows with the keys of the batch, and says how many bytes these have.
func (r *joinRows) byPrimaryKey(fr *frame) (bytes int, err error) {
	keys := make([]datum.Value, len(r.batch))
	for i, j := range r.batch {
		keys[i] = j.key
	}
	rows, err := r.table.getMany(fr, keys)
	if err != nil {
		return 0, err
	}
	for i, row := range rows {
		if !row.IsAbsent() {
			r.batch[i].rights = rows[i : i+1 : i+1]
			bytes += row.Bytes()
		}
	}
	return bytes, nil
}

// byIndex finds the rows with the values of the batch, and says how many bytes these have. If they are too many, the batch ends before the first row
// whose partners are not all known; a row that has too many itself is a batch of its own.
func (r *joinRows) byIndex(fr *frame) (bytes int, err error) {
	values := make([]datum.Value, len(r.batch))
	for i, j := range r.batch {
		values[i] = j.key
	}
	slices.SortFunc(values, datum.Compare)
	values = slices.CompactFunc(values, datum.Equal)
	pairs, err := r.table.pairsByKeys(fr, r.index, values, r.at)
	if err != nil {
		return 0, err
	}
	rights := make([][]datum.Value, len(values))
	known := 0 // values all of whose rows were read
	err = pairs.each(fr, func(p datum.Value) (bool, error) {
		for known < len(values)-1 && !datum.Equal(values[known], p.At(0)) {
			known++
		}
		right := p.At(1)
		rights[known] = append(rights[known], right)
		bytes += right.Bytes()
		return bytes < maxJoinBytes, nil
	})
	if err != nil {
		return bytes, err
	}
	if bytes < maxJoinBytes {
		known = len(values)
	}
	for i := range r.batch {
		n, _ := slices.BinarySearchFunc(values, r.batch[i].key, datum.Compare)
		if n >= known {
			return bytes, r.cut(fr, i)
		}
		r.batch[i].rights = rights[n]
	}
	return bytes, nil
}

// cut ends the batch before row i, or behind it if that is the first one.
func (r *joinRows) cut(fr *frame, i int) (err error) {
	if i == 0 {
		r.batch[0].more, err = r.table.byKeys(fr, r.index, []datum.Value{r.batch[0].key}, r.at)
		i++
	}
	r.ahead = append(r.ahead, r.batch[i:]...)
	r.batch = r.batch[:i]
	return err
}

func (r *joinRows) inputs() ([]*seq, use) {
	seqs := []*seq{r.s}
	if len(r.batch) > 0 && r.batch[0].more != nil {
		seqs = append(seqs, r.batch[0].more)
	}
	return seqs, useLonger
}

func (r *joinRows) close() {
	if len(r.batch) > 0 {
		r.batch[0].close()
	}
	r.batch, r.ahead, r.late, r.ended = nil, nil, nil, true
	r.s.close()
}
