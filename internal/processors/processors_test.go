package processors

import (
	"runtime"
	"testing"
)

func TestSpare(t *testing.T) {
	cpus, threads := runtime.NumCPU(), runtime.GOMAXPROCS(0)
	defer func() {
		runtime.GOMAXPROCS(threads)
		spared.Store(false)
	}()

	t.Setenv("GOMAXPROCS", "")
	runtime.GOMAXPROCS(cpus)
	if Count() != cpus {
		t.Errorf("%d threads compute on %d processors", Count(), cpus)
	}
	for range 2 {
		Spare()
		if Count() != cpus || runtime.GOMAXPROCS(0) != cpus+spares {
			t.Errorf("%d of %d threads compute on %d processors", Count(), runtime.GOMAXPROCS(0), cpus)
		}
	}
}

func TestSpareLeavesOthersTheirWill(t *testing.T) {
	cpus, threads := runtime.NumCPU(), runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(threads)

	t.Setenv("GOMAXPROCS", "")
	runtime.GOMAXPROCS(cpus + 1) // as with a limit, which is rarely that of the machine
	Spare()
	if Count() != cpus+1 || runtime.GOMAXPROCS(0) != cpus+1 {
		t.Errorf("%d of %d threads compute, want all %d", Count(), runtime.GOMAXPROCS(0), cpus+1)
	}

	t.Setenv("GOMAXPROCS", "1")
	runtime.GOMAXPROCS(cpus)
	Spare()
	if Count() != cpus || runtime.GOMAXPROCS(0) != cpus {
		t.Errorf("%d of %d threads compute, want all %d", Count(), runtime.GOMAXPROCS(0), cpus)
	}
}
