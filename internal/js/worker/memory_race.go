//go:build race

package worker

// dataBytes has room for what the race detector remembers of each byte.
const dataBytes = 16 << 30
