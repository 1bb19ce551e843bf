package server

import "testing"

// Memory is a problem when many pages come from swap space, until they have not for ten minutes.
func TestSwapWatch(t *testing.T) {
	w := swapWatch{faults: -1}
	faults := int64(0)
	step := func(minutes int, more, swappedBytes int64, want bool) {
		t.Helper()
		for range minutes {
			faults += more
			w.look(faults, swappedBytes)
		}
		if w.swapping.Load() != want {
			t.Errorf("after %d faults a minute with %d bytes swapped it is swapping: %v", more, swappedBytes, !want)
		}
	}
	step(1, 10_000, 1<<20, false) // before the first look
	step(5, 200, 1<<20, false)
	step(5, 1000, 0, false) // files
	step(1, 201, 4096, true)
	step(9, 0, 4096, true)
	step(1, 201, 4096, true)
	step(9, 0, 4096, true)
	step(1, 0, 4096, false)
}

func TestSwapped(t *testing.T) {
	for text, want := range map[string]int64{"Name:\tx\nVmSwap:\t    12 kB\nThreads:\t1\n": 12 << 10, "Name:\tx\n": 0, "VmSwap:": 0, "VmSwap: x kB": 0} {
		if got := swapped([]byte(text)); got != want {
			t.Errorf("%q says %d, not %d", text, got, want)
		}
	}
}
