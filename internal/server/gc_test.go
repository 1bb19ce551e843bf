package server

import "testing"

func TestLimitOfTheHeapFollowsWhatIsInUse(t *testing.T) {
	const base = 300 * megabyte
	for _, c := range []struct {
		name       string
		live, want int64
	}{
		{"an idle server", 20 * megabyte, base},
		{"ordinary work", 200 * megabyte, base},
		{"up to what leaves a fifth to garbage", 240 * megabyte, base},
		{"queries that hold more", 256 * megabyte, 448 * megabyte},
		{"queries that hold everything", 2 * gigabyte, 3*gigabyte + 64*megabyte},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := pacedLimit(base, c.live); got != c.want {
				t.Errorf("%d MB in use: the limit is %d MB, want %d", c.live/megabyte, got/megabyte, c.want/megabyte)
			}
		})
	}
}
