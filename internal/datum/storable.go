package datum

// maxStoredElems is how many elements an array in a stored document may have, whatever array_limit says.
const maxStoredElems = 100_000

// CheckStorable returns the error of a value that cannot be stored in a row.
func CheckStorable(v Value) error {
	var found unstorable
	found.look(v)
	switch {
	case found.limit != nil:
		return found.limit
	case found.longArray:
		return errorf(Logic, "Array too large for disk writes (limit 100,000 elements).")
	case found.extreme:
		return errorf(Logic, "`r.minval` and `r.maxval` cannot be written to disk.")
	}
	return nil
}

type unstorable struct {
	limit              error // of depth or size
	longArray, extreme bool
}

func (u *unstorable) look(v Value) {
	switch v.kind() {
	case KindMinVal, KindMaxVal:
		u.extreme = true
	case KindArray:
		if u.limit == nil {
			u.limit = v.LimitError()
		}
		u.longArray = u.longArray || v.count() > maxStoredElems
		if v.has(flagView) {
			u.lookEncoded(v)
			return
		}
		for _, e := range v.elems() {
			u.look(e)
		}
	case KindObject, KindGeometry:
		if u.limit == nil {
			u.limit = v.LimitError()
		}
		if v.has(flagView) {
			u.lookEncoded(v)
			return
		}
		fields := v.fields()
		for i := range fields {
			u.look(fields[i].Val)
		}
	}
}

// lookEncoded looks at the elements of a view. It reads only headers.
func (u *unstorable) lookEncoded(v Value) {
	b := v.encoded()
	start, width := v.table()
	at := start + width*v.count()
	for range v.count() {
		if v.kind() != KindArray {
			_, _, n := decodeKey(b[at:])
			at += n
		}
		if tag := b[at]; tag >= tagContainer && tag < tagContainerEnd {
			e, n := decodeContainer(b[at:])
			u.look(e)
			at += n
			continue
		} else if tag == tagMin || tag == tagMax {
			u.extreme = true
		}
		at += encodedSize(b[at:])
	}
}
