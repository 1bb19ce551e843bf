package storage

import "encoding/binary"

// The first byte of every key names its space:
//
//	[0] key                          the store's own bookkeeping
//	[1] key                          metadata of the layers above (catalog, users, configuration)
//	[2] group (4 bytes, big endian) kind key…   what one replication group owns
//
// Everything of a group is one contiguous range, so that dropping it is one range deletion.
const (
	spaceOwn   byte = 0
	spaceMeta  byte = 1
	spaceGroup byte = 2
)

// A GroupID names a replication group in this store. Numbers are never reused.
type GroupID uint32

// A Kind divides the keys of a group. The values are on disk: never renumber.
type Kind byte

const (
	KindHistory Kind = 'l' // key: 8 bytes of commit index; value: what the commit changed
	KindRow     Kind = 'd' // key: encoded primary key; value: encoded document
	KindIndex   Kind = 'i' // key: 4 bytes of index number, encoded index value, encoded primary key
	KindTouched Kind = 'j' // key: 4 bytes of index number, encoded primary key; no value. Rows that changed during a build
	KindPast    Kind = 'p' // key: 4 bytes of another group, 8 bytes of its commit index; value: what the commit changed, as in KindHistory
	KindLog     Kind = 'r' // key: 8 bytes of log index; value: an entry of the group's Raft log
	KindState   Kind = 's' // no further key; value: sequence number and row count
	KindSeal    Kind = 't' // no further key; value: 8 bytes with the number of the move for whose sake the rows do not change any more
	KindRaft    Kind = 'v' // key: a name; what a replica of a Raft group remembers besides its log: its vote, its identity, the members
)

// PrefixLen is the number of bytes that AppendPrefix appends.
const PrefixLen = 6

// AppendPrefix appends what all keys of one kind in one group begin with.
func AppendPrefix(dst []byte, g GroupID, k Kind) []byte {
	dst = append(dst, spaceGroup)
	dst = binary.BigEndian.AppendUint32(dst, uint32(g))
	return append(dst, byte(k))
}

// HasPrefix tells whether a key is of one kind in one group.
func HasPrefix(key []byte, g GroupID, k Kind) bool {
	return len(key) >= PrefixLen && key[0] == spaceGroup && binary.BigEndian.Uint32(key[1:]) == uint32(g) && Kind(key[PrefixLen-1]) == k
}

// IndexPrefixLen is the number of bytes that AppendIndexPrefix appends.
const IndexPrefixLen = PrefixLen + 4

// AppendIndexPrefix appends what all keys of one index begin with. The kind is KindIndex or KindTouched.
func AppendIndexPrefix(dst []byte, g GroupID, k Kind, index uint32) []byte {
	return binary.BigEndian.AppendUint32(AppendPrefix(dst, g, k), index)
}

// IndexRange returns the bounds [lower, upper) of all keys of one kind of an index.
func IndexRange(g GroupID, k Kind, index uint32) (lower, upper []byte) {
	lower = AppendIndexPrefix(nil, g, k, index)
	return lower, successor(lower)
}

// AppendHistoryKey appends the key of a commit in the history of a group.
func AppendHistoryKey(dst []byte, g GroupID, index uint64) []byte {
	return binary.BigEndian.AppendUint64(AppendPrefix(dst, g, KindHistory), index)
}

// AppendPastKey appends the key of a commit of another group in what a group has of the history of that one.
func AppendPastKey(dst []byte, g, of GroupID, index uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(AppendPrefix(dst, g, KindPast), uint32(of)), index)
}

// PastRange returns the bounds [lower, upper) of what a group has of the history of another one.
func PastRange(g, of GroupID) (lower, upper []byte) {
	lower = binary.BigEndian.AppendUint32(AppendPrefix(nil, g, KindPast), uint32(of))
	return lower, successor(lower)
}

// AppendLogKey appends the key of an entry in the Raft log of a group.
func AppendLogKey(dst []byte, g GroupID, index uint64) []byte {
	return binary.BigEndian.AppendUint64(AppendPrefix(dst, g, KindLog), index)
}

// LogIndex is the index of a key that AppendLogKey has made.
func LogIndex(key []byte) uint64 { return binary.BigEndian.Uint64(key[PrefixLen:]) }

// HistoryIndex is the commit index of a key that AppendHistoryKey or AppendPastKey has made.
func HistoryIndex(key []byte) uint64 { return binary.BigEndian.Uint64(key[len(key)-8:]) }

// PastGroup is the other group of a key that AppendPastKey has made.
func PastGroup(key []byte) GroupID { return GroupID(binary.BigEndian.Uint32(key[PrefixLen:])) }

// isRow tells whether a key is that of a row.
func isRow(key []byte) bool {
	return len(key) >= PrefixLen && key[0] == spaceGroup && Kind(key[PrefixLen-1]) == KindRow
}

// KindRange returns the bounds [lower, upper) of all keys of one kind in one group.
func KindRange(g GroupID, k Kind) (lower, upper []byte) {
	return AppendPrefix(nil, g, k), AppendPrefix(nil, g, k+1)
}

// GroupRange returns the bounds [lower, upper) of all keys of a group.
func GroupRange(g GroupID) (lower, upper []byte) {
	lower = AppendPrefix(nil, g, 0)[:PrefixLen-1]
	return lower, successor(lower)
}

// successor returns the smallest key that is greater than every key with this prefix.
func successor(prefix []byte) []byte {
	next := append([]byte(nil), prefix...)
	for i := len(next) - 1; i >= 0; i-- {
		if next[i]++; next[i] != 0 {
			return next[:i+1]
		}
	}
	return nil // all bytes were 0xff: unbounded
}
