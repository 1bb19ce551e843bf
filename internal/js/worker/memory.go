//go:build !race

package worker

// dataBytes is a second limit on the memory, for the whole process: the engine's own limit, its heap's room, copies of
// arguments and results on their way, and Go's share.
const dataBytes = 768 << 20
