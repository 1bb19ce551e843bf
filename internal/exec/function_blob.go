package exec

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// functionBlob is a function that outlives its query, such as that of a secondary index. It is stored, and given to users,
// in the format of RethinkDB 2.4, so that indexes can be restored from its dumps:
//
//	9                          the version of the format
//	7 7 7                      versions of the language
//	0                          it is a function of ReQL, not of JavaScript
//	0                          how many variables come from around the function
//	0 0 0 0                    and how many functions with r.row are around it
//	number of parameters       (a varint), and for each
//	    name                   8 bytes, little endian
//	length of the body         4 bytes, little endian
//	body                       JSON as clients send it, but with a number at the end of each term, and a zero byte
//	number of the body         4 bytes, little endian
//
// The numbers are those of the terms of the query that the function was in, from its root on.
//
// We write the values of variables from around the function into the body, where the original keeps them aside in its own
// encoding of data. It does not print such functions; we do.
type functionBlob struct {
	params []int64
	body   string
	number uint32
}

const (
	blobVersion       = 9
	oldestBlobVersion = 7 // of RethinkDB 2.2; before, terms were Protocol Buffers
	blobLanguage      = 7
)

func (f functionBlob) append(dst []byte) []byte {
	dst = append(dst, blobVersion, blobLanguage, blobLanguage, blobLanguage, 0, 0, 0, 0, 0, 0)
	dst = binary.AppendUvarint(dst, uint64(len(f.params)))
	for _, p := range f.params {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(p))
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(f.body)+1))
	dst = append(append(dst, f.body...), 0)
	return binary.LittleEndian.AppendUint32(dst, f.number)
}

var errBlobEnds = errors.New("it ends too early")

// read reads the blob at the beginning of b and returns what follows it.
func (f *functionBlob) read(b []byte) (rest []byte, err error) {
	const fixed = 10
	switch {
	case len(b) < fixed:
		return nil, errBlobEnds
	case b[0] < oldestBlobVersion:
		return nil, errors.New("it was written by a RethinkDB before 2.2")
	case b[0] > blobVersion:
		return nil, fmt.Errorf("it has the unknown format %d", b[0])
	case b[4] != 0:
		return nil, errors.New("it is a function of JavaScript")
	case b[5] != 0 || b[6]|b[7]|b[8]|b[9] != 0:
		return nil, errors.New("it has variables from around the function")
	}
	b = b[fixed:]
	n, w := binary.Uvarint(b)
	if w <= 0 || n > uint64(len(b)-w)/8 {
		return nil, errBlobEnds
	}
	b = b[w:]
	f.params = make([]int64, n)
	for i := range f.params {
		f.params[i] = int64(binary.LittleEndian.Uint64(b))
		b = b[8:]
	}
	if len(b) < 4 {
		return nil, errBlobEnds
	}
	size := binary.LittleEndian.Uint32(b)
	b = b[4:]
	if size == 0 || uint64(size)+4 > uint64(len(b)) || b[size-1] != 0 {
		return nil, errBlobEnds
	}
	f.body = string(b[:size-1])
	f.number = binary.LittleEndian.Uint32(b[size:])
	return b[size+4:], nil
}

// term gives the function as a query would have it.
func (f functionBlob) term() (*reql.Term, error) {
	dec := json.NewDecoder(bytes.NewReader([]byte(f.body)))
	dec.UseNumber()
	var body any
	if err := dec.Decode(&body); err != nil {
		return nil, fmt.Errorf("the body is no JSON: %w", err)
	}
	if err := dropNumbers(&body); err != nil {
		return nil, err
	}
	message, err := json.Marshal([]any{int(reql.Start), []any{int(reql.TermFunc), []any{[]any{int(reql.TermMakeArray), f.params}, body}}})
	if err != nil {
		return nil, err
	}
	q, bad := reql.ParseQuery(message)
	switch {
	case bad != nil:
		return nil, errors.New(bad.Msg)
	case q.Err != nil:
		return nil, errors.New(q.Err.Msg)
	}
	return q.Term, nil
}

// dropNumbers makes of a term with numbers one as clients send them.
func dropNumbers(term *any) error {
	list, ok := (*term).([]any)
	if !ok || len(list) < 2 {
		return errors.New("the body has a term that is none")
	}
	typ, ok := list[0].(json.Number)
	if !ok {
		return errors.New("the body has a term without a type")
	}
	list = list[:len(list)-1]
	*term = list
	if n, err := typ.Int64(); err == nil && reql.TermType(n) == reql.TermDatum {
		switch list[len(list)-1].(type) {
		case []any, map[string]any: // which would be terms without the type around
		default:
			*term = list[len(list)-1]
		}
		return nil
	}
	for _, part := range list[1:] {
		switch part := part.(type) {
		case []any:
			for i := range part {
				if err := dropNumbers(&part[i]); err != nil {
					return err
				}
			}
		case map[string]any:
			for name, t := range part {
				if err := dropNumbers(&t); err != nil {
					return err
				}
				part[name] = t
			}
		default:
			return errors.New("the body has a term with a part that is none")
		}
	}
	return nil
}

// compile gives the function, to be called with a frame with so many slots.
func (f functionBlob) compile() (fn *function, slots int, err error) {
	t, err := f.term()
	if err != nil {
		return nil, 0, err
	}
	b := &builder{}
	n, err := b.compile(t)
	if err != nil {
		return nil, 0, asReql(err)
	}
	node := n.(*funcNode)
	return &function{node: node, arity: node.arity, at: node.body.term(), det: node.det()}, b.slots, nil
}

// blob gives the stored form of a function.
func (f *function) blob() (functionBlob, error) {
	w := blobWriter{f: f, numbers: map[*reql.Term]uint32{}}
	root := f.node.t
	for p, _ := root.Parent(); p != nil; p, _ = root.Parent() {
		root = p
	}
	w.number(root)
	names, err := paramNames(f.node.t)
	if err != nil {
		return functionBlob{}, err
	}
	if len(names) == 1 {
		w.implicit++
	}
	w.bound = names
	body, err := w.term(nil, f.node.t.Args[1])
	if err == nil && len(body) > math.MaxInt32-1 {
		err = errors.New("the function is too long")
	}
	return functionBlob{params: names, body: string(body), number: w.numbers[f.node.t.Args[1]]}, err
}

// blobWriter writes terms as JSON with their numbers.
type blobWriter struct {
	f        *function
	numbers  map[*reql.Term]uint32
	next     uint32
	bound    []int64 // parameters of the function and of those inside
	implicit int     // functions of one parameter around the present term, from the stored one on
}

// number numbers a term and those in it, as the original does while it parses a query.
func (w *blobWriter) number(t *reql.Term) {
	w.numbers[t] = w.next
	if t.Type == reql.TermDatum {
		w.next += numbersOf(t.Datum, t.Folded != 0)
		return
	}
	w.next++
	for _, a := range t.Args {
		w.number(a)
	}
	for _, o := range t.OptArgs {
		w.number(o.Term)
	}
}

// numbersOf tells how many terms a literal is.
func numbersOf(v datum.Value, folded bool) uint32 {
	n := uint32(1)
	if !folded {
		return n
	}
	if v.Kind() == datum.KindArray {
		for i := range v.Len() {
			n += numbersOf(v.At(i), true)
		}
		return n
	}
	if v = datum.RawObject(v); v.Kind() == datum.KindObject {
		for i := range v.Len() {
			_, field := v.FieldAt(i)
			n += numbersOf(field, true)
		}
	}
	return n
}

func (w *blobWriter) term(dst []byte, t *reql.Term) ([]byte, error) {
	number := w.numbers[t]
	switch t.Type {
	case reql.TermDatum:
		return w.value(dst, t.Datum, &number, t.Folded != 0)
	case reql.TermVar:
		name := int64(t.Args[0].Datum.AsNumber())
		for _, b := range w.bound {
			if b == name {
				return fmt.Appendf(dst, "[%d,[[%d,%d,%d]],%d]", t.Type, reql.TermDatum, name, w.numbers[t.Args[0]], number), nil
			}
		}
		slot, _ := w.f.node.outer.slot(name) // compiling has found it
		return w.value(dst, w.f.fr.vars[slot], &number, true)
	case reql.TermImplicitVar:
		if w.implicit == 0 {
			return w.value(dst, w.f.fr.vars[w.f.node.outer.implicit.slot], &number, true)
		}
	case reql.TermFunc:
		names, err := paramNames(t)
		if err != nil {
			return dst, err
		}
		depth := len(w.bound)
		w.bound = append(w.bound, names...)
		defer func() { w.bound = w.bound[:depth] }()
		if len(names) == 1 {
			w.implicit++
			defer func() { w.implicit-- }()
		}
	}
	dst = fmt.Appendf(dst, "[%d,", t.Type)
	var err error
	if t.Type != reql.TermMakeObj {
		dst = append(dst, '[')
		for i, a := range t.Args {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = w.term(dst, a); err != nil {
				return dst, err
			}
		}
		dst = append(dst, "],"...)
	}
	if len(t.OptArgs) > 0 || t.Type == reql.TermMakeObj {
		dst = append(dst, '{')
		for i, o := range t.OptArgs {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = datum.AppendJSON(dst, datum.String(o.Name)); err != nil {
				return dst, err
			}
			if dst, err = w.term(append(dst, ':'), o.Term); err != nil {
				return dst, err
			}
		}
		dst = append(dst, "},"...)
	}
	return fmt.Appendf(dst, "%d]", number), nil
}

// value writes a literal. Arrays and objects are terms with terms in them when they were folded. number is that of the next
// term.
func (w *blobWriter) value(dst []byte, v datum.Value, number *uint32, folded bool) ([]byte, error) {
	own := *number
	*number++
	var err error
	switch raw := datum.RawObject(v); {
	case v.Kind() == datum.KindMinVal:
		return fmt.Appendf(dst, "[%d,[],%d]", reql.TermMinVal, own), nil
	case v.Kind() == datum.KindMaxVal:
		return fmt.Appendf(dst, "[%d,[],%d]", reql.TermMaxVal, own), nil
	case v.Kind() == datum.KindArray && folded:
		dst = fmt.Appendf(dst, "[%d,[", reql.TermMakeArray)
		for i := range v.Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = w.value(dst, v.At(i), number, true); err != nil {
				return dst, err
			}
		}
		return fmt.Appendf(dst, "],%d]", own), nil
	case raw.Kind() == datum.KindObject && folded:
		dst = fmt.Appendf(dst, "[%d,{", reql.TermMakeObj)
		for i := range raw.Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			key, field := raw.FieldAt(i)
			if dst, err = datum.AppendJSON(dst, datum.String(key)); err != nil {
				return dst, err
			}
			if dst, err = w.value(append(dst, ':'), field, number, true); err != nil {
				return dst, err
			}
		}
		return fmt.Appendf(dst, "},%d]", own), nil
	}
	dst = fmt.Appendf(dst, "[%d,", reql.TermDatum)
	if dst, err = datum.AppendJSON(dst, v); err != nil {
		return dst, err
	}
	return fmt.Appendf(dst, ",%d]", own), nil
}

// slot finds a variable of a scope or of those around it.
func (s *scope) slot(name int64) (slot int, ok bool) {
	for ; s != nil; s = s.outer {
		for i := len(s.names) - 1; i >= 0; i-- {
			if s.names[i] == name {
				return s.first + i, true
			}
		}
	}
	return 0, false
}
