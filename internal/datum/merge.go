package datum

// Merge returns left with right merged into it, as ReQL's merge and update do: objects merge field by field, and
// anything else, also an array, is replaced by what right has. A literal replaces without merging, and a literal
// without a value removes the field. Fields of a view that right does not mention stay encoded.
//
// Times are objects here, as in the reference: merging a timezone into a time moves it to that zone, and merging
// another field into it is an error. A literal without a value in the place of left itself gives an absent value.
func Merge(left, right Value) (Value, error) {
	if !mergesAsObject(left) || !mergesAsObject(right) || right.IsLiteral() {
		return dropLiterals(right), nil
	}
	plain := left.kind() == KindObject // others have to stay what they are, or fail
	left, right = RawObject(left), RawObject(right)
	if plain && mergeable(left, right) {
		return mergeViews(left, right)
	}
	if plain && left.has(flagView) {
		if _, typed := right.Get(typeKey); !typed {
			return mergeView(left, right)
		}
	}
	var b ObjectBuilder
	b.fields = appendFields(make([]Field, 0, left.Len()+right.Len()), left)
	for i := range right.Len() {
		key, val := right.FieldAt(i)
		if mergesAsObject(val) && !val.IsLiteral() {
			if old, found := b.Get(key); found {
				merged, err := Merge(old, val)
				if err != nil {
					return Value{}, err
				}
				b.Overwrite(key, merged)
				continue
			}
		}
		if val = dropLiterals(val); val.IsAbsent() {
			b.Delete(key)
		} else {
			b.Overwrite(key, val)
		}
	}
	return FromPseudo(b.Value())
}

// mergeView merges objects of which left is a view and right gives it no $reql_type$.
func mergeView(left, right Value) (Value, error) {
	var setBuf [8]Field
	var removeBuf [4]string
	set, remove := setBuf[:0], removeBuf[:0]
	for i := range right.Len() {
		key, val := right.FieldAt(i)
		if mergesAsObject(val) && !val.IsLiteral() {
			if old, found := left.Get(key); found {
				merged, err := Merge(old, val)
				if err != nil {
					return Value{}, err
				}
				set = append(set, Field{key, merged})
				continue
			}
		}
		if val = dropLiterals(val); val.IsAbsent() {
			remove = append(remove, key)
		} else {
			set = append(set, Field{key, val})
		}
	}
	return left.Edit(set, remove), nil
}

func mergesAsObject(v Value) bool { return v.IsObject() || v.kind() == KindTime }

// DropLiterals returns v with each literal in it replaced by its value; those without a value vanish. It gives an
// absent value for a literal without a value.
func DropLiterals(v Value) Value { return dropLiterals(v) }

func dropLiterals(v Value) Value {
	switch {
	case v.IsLiteral():
		val, _ := v.Get(valueKey)
		return val
	case !v.ContainsLiteral():
		return v
	case v.kind() == KindArray:
		elems := make([]Value, 0, v.Len())
		for i := range v.Len() {
			if e := dropLiterals(v.At(i)); !e.IsAbsent() {
				elems = append(elems, e)
			}
		}
		return Array(elems)
	default:
		fields := make([]Field, 0, v.Len())
		for i := range v.Len() {
			key, val := v.FieldAt(i)
			if val = dropLiterals(val); !val.IsAbsent() {
				fields = append(fields, Field{key, val})
			}
		}
		return retag(v, sortedObject(fields))
	}
}
