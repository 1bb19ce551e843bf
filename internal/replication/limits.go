package replication

// limits bound what a group keeps and has on its way. Simulations have their own, so that everything happens on few commands.
type limits struct {
	appendBytes      uint64 // in one message, and in one proposal; a single command may be larger
	applyBytes       uint64 // committed entries that are handed out at a time
	inflightBytes    uint64 // to one follower
	inflightMessages int
	roundBytes       uint64 // of commands, which do not wait for the last round to be committed
	uncommittedBytes uint64 // in the leader's log; proposals wait then

	recentBytes int64 // of the log in memory, so that followers which are nearly up to date are not served from the store

	// So many entries, or bytes, that all members have are worth a cut of the log.
	cutEntries uint64
	cutBytes   int64
	// Kept for members that are away: some tens of seconds of small commands.
	logEntries uint64
	logBytes   int64
	// A member that is getting a snapshot will need everything since; to cut that would be to begin again, perhaps for ever.
	logBytesForSnapshot int64

	quietTicks uint64 // without a command, after which a few entries are worth a cut, too, and then the clock stops

	runBytes int // of a file of a snapshot that comes
}

var usualLimits = limits{
	appendBytes: 1 << 20, applyBytes: 8 << 20, inflightBytes: 16 << 20, inflightMessages: 256, uncommittedBytes: 64 << 20,
	roundBytes:  256 << 10,
	recentBytes: 1 << 20,
	cutEntries:  4096, cutBytes: 4 << 20, logEntries: 200_000, logBytes: 64 << 20, logBytesForSnapshot: 1 << 30,
	quietTicks: 40,
	runBytes:   64 << 20,
}
