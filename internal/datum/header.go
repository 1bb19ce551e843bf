package datum

// header has everything about a Value but its payload in one word. A Value of at most four fields is kept and passed in
// registers; with a field for each of these, Get on a view took 46 ns instead of 18 and Compare of two numbers 14 ns
// instead of 3.
//
//	bits 0-7    Kind
//	bits 8-15   flags
//	bits 16-31  of a time: minutes east of UTC
//	bits 32-63  an upper bound of how deeply containers nest: 0 for scalars
type header uint64

const (
	flagView     header = 1 << (8 + iota) // a container in encoded form; ptr is its first byte
	flagBorrowed                          // ptr, or something below it, is part of a larger buffer or of one that the caller owns
	flagPlain                             // a string that JSON prints without escaping
	flagLiteral                           // an object whose $reql_type$ is LITERAL
	flagDeep                              // a view whose header has an explicit depth
	flagWidth2                            // a view with offsets of 2 bytes
	flagWidth4                            // a view with offsets of 4 bytes

	// flagHasLiteral, of a container, says that there is a literal in it or below it.
	flagHasLiteral = flagPlain

	zoneShift  = 16
	depthShift = 32
)

func zoneHeader(minutes int) header { return header(uint16(minutes)) << zoneShift }
func depthHeader(d uint32) header   { return header(d) << depthShift }

func (h header) kind() Kind         { return Kind(h) }
func (h header) has(f header) bool  { return h&f != 0 }
func (h header) zone() int          { return int(int16(h >> zoneShift)) }
func (h header) depth() uint32      { return uint32(h >> depthShift) }
func (h *header) setKind(k Kind)    { *h = *h&^0xFF | header(k) }
func (h *header) set(flags header)  { *h |= flags }
func (h *header) setDepth(d uint32) { *h = *h&(1<<depthShift-1) | depthHeader(d) }

// contain records in the header of a container that child is in it.
func (h *header) contain(child header) {
	*h |= child & flagBorrowed
	if d := child.depth(); d > 0 {
		*h |= child & flagHasLiteral
		if d > h.depth() {
			h.setDepth(d)
		}
	}
}
