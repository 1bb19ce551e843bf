package datum

import (
	"encoding/binary"
	"math"
)

// Check returns an error unless b is the encoding of one value and nothing else: after that, View and the methods of
// its value never panic. It does not insist on the shortest encoding.
func Check(b []byte) error {
	if len(b) == 1 && b[0] == tagAbsent {
		return nil
	}
	c, err := checkEncoded(b, 0)
	switch {
	case err != nil:
		return err
	case c.size != len(b):
		return corrupt("bytes after the end of a value")
	}
	return nil
}

// checked is what checkEncoded found out about an encoding.
type checked struct {
	size    int
	depth   uint32
	literal bool // there is a literal in it or below it
}

func checkEncoded(b []byte, level int) (checked, error) {
	if len(b) == 0 {
		return checked{}, corrupt("missing value")
	}
	tag := b[0]
	need := 1 // how many bytes the header and the content need
	switch {
	case tag >= tagSmallInt:
	case tag >= tagShort:
		need = 1 + int(tag-tagShort)
	case tag >= tagContainer:
		return checkContainer(b, level)
	default:
		switch tag {
		case tagMin, tagMax, tagNull, tagFalse, tagTrue:
		case tagInt16:
			need = 3
		case tagInt32:
			need = 5
		case tagFloat:
			need = 9
		case tagTime:
			need = 11
		case tagPlain8, tagString8, tagBinary8:
			if need = 2; len(b) >= need {
				need += int(b[1])
			}
		case tagPlain32, tagString32, tagBinary32:
			if need = 5; len(b) >= need {
				need += int(binary.LittleEndian.Uint32(b[1:]))
			}
		default:
			return checked{}, corrupt("unknown tag")
		}
	}
	if need > len(b) {
		return checked{}, corrupt("value is cut off")
	}
	v, size := decode(b)
	switch v.kind() {
	case KindNumber, KindTime:
		if f := v.float(); math.IsNaN(f) || math.IsInf(f, 0) {
			return checked{}, corrupt("number is not finite")
		}
		if z := v.zone(); z < -maxZoneMinutes || z > maxZoneMinutes {
			return checked{}, corrupt("time zone")
		}
	case KindString:
		if v.has(flagPlain) && !isPlain(v.str()) {
			return checked{}, corrupt("string needs escaping")
		}
	}
	return checked{size: size}, nil
}

func checkContainer(b []byte, level int) (checked, error) {
	if level > MaxDepth {
		return checked{}, corrupt("nesting is too deep")
	}
	tag := b[0] - tagContainer
	if tag&containerWidth == 3 {
		return checked{}, corrupt("unknown tag")
	}
	header := 1 + 2<<(tag&containerWidth)
	if tag&containerDeep != 0 {
		header += 4
	}
	if len(b) < header {
		return checked{}, corrupt("container is cut off")
	}
	width := 1 << (tag & containerWidth)
	size := loadOffset(b, header-2*width, width, 0)
	count := loadOffset(b, header-2*width, width, 1)
	if size > len(b) || size < header || count > (size-header)/width {
		return checked{}, corrupt("size of a container")
	}
	v, _ := decodeContainer(b)
	b = b[:size]
	found := checked{size: size}
	previous := ""
	at := header + width*count
	for i := range count {
		if loadOffset(b, header, width, i) != at {
			return checked{}, corrupt("position of an element")
		}
		if v.kind() != KindArray {
			key, n, err := checkKey(b[at:])
			switch {
			case err != nil:
				return checked{}, err
			case i > 0 && previous >= key:
				return checked{}, corrupt("order of fields")
			}
			previous = key
			at += n
		}
		e, err := checkEncoded(b[at:], level+1)
		if err != nil {
			return checked{}, err
		}
		at += e.size
		found.depth = max(found.depth, e.depth)
		found.literal = found.literal || e.literal
	}
	if at != size {
		return checked{}, corrupt("size of a container")
	}
	found.depth++
	found.literal = found.literal || v.IsLiteral()
	switch {
	case found.depth > v.depth():
		return checked{}, corrupt("depth of a container")
	case found.literal && !v.ContainsLiteral():
		return checked{}, corrupt("unexpected literal")
	case v.depth() > MaxDepth && count > 0:
		return checked{}, corrupt("depth of a container")
	}
	return found, checkPseudoType(v)
}

// checkKey returns the key that b begins with and the size of its encoding.
func checkKey(b []byte) (string, int, error) {
	if len(b) == 0 {
		return "", 0, corrupt("missing key")
	}
	need := 1 + int(b[0]&longKey)
	if need == 1+longKey {
		if need = 5; len(b) >= need {
			need += int(binary.LittleEndian.Uint32(b[1:]))
		}
	}
	if need > len(b) {
		return "", 0, corrupt("key is cut off")
	}
	key, plain, n := decodeKey(b)
	if plain && !isPlain(aliasString(key)) {
		return "", 0, corrupt("key needs escaping")
	}
	return aliasString(key), n, nil
}

// checkPseudoType checks that a geometry or literal says so in its $reql_type$.
func checkPseudoType(v Value) error {
	var want string
	switch {
	case v.kind() == KindGeometry:
		want = geometryType
	case v.IsLiteral():
		want = literalType
	default:
		return nil
	}
	if t, ok := v.Get(typeKey); !ok || t.AsString() != want {
		return corrupt("pseudo-type")
	}
	return nil
}
