package exec

import (
	"slices"
	"strconv"
	"testing"
	"time"
)

func TestSlowQueriesKeepTheLast(t *testing.T) {
	var s SlowQueries
	if list := s.List(); len(list) > 0 {
		t.Errorf("at first there are %v", list)
	}
	now := time.Unix(1000, 0)
	for n := 1; n <= 2*keptSlowQueries+7; n++ {
		s.Add(SlowQuery{Ended: now, Shape: strconv.Itoa(n)})
		list := s.List()
		want := min(n, keptSlowQueries)
		if len(list) != want || list[0].Shape != strconv.Itoa(n-want+1) || list[want-1].Shape != strconv.Itoa(n) {
			t.Fatalf("after %d there are %d, from %s to %s", n, len(list), list[0].Shape, list[len(list)-1].Shape)
		}
		if !slices.IsSortedFunc(list, func(a, b SlowQuery) int { return a.Ended.Compare(b.Ended) }) || want > 1 && list[0].Ended.Equal(list[1].Ended) {
			t.Fatal("two ended at the same time")
		}
	}
}
