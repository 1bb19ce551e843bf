package server

import "testing"

func TestConnectionsLeaveFilesToTheStore(t *testing.T) {
	for _, c := range []struct{ files, drivers, browsers int }{
		{256, 112, 16},
		{1024, 448, 64},
		{20_000, 16_188, 2312},
		{1 << 20, 916_192, 130_884},
	} {
		drivers, browsers := divideFiles(c.files)
		if drivers != c.drivers || browsers != c.browsers {
			t.Errorf("of %d files drivers have %d and browsers %d, want %d and %d", c.files, drivers, browsers, c.drivers, c.browsers)
		}
	}
}
