//go:build hostile

package hostile

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	// stopTime is what most queries that nobody waits for any more may go on for, and slowStopTime what each may, on a machine
	// that has other things to do as well.
	stopTime     = 100 * time.Millisecond
	slowStopTime = time.Second
	// headStart lets a query begin.
	headStart = 50 * time.Millisecond
)

// cpuTime is the processor time that the server has used.
func (s *target) cpuTime(t *testing.T) time.Duration {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.Pid()))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), ") ") // the program's name may contain anything
	fields := strings.Fields(after)
	var ticks int64
	for _, field := range fields[11:13] { // user and system, in hundredths of a second
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// running is the number of queries that the server's own table of jobs lists, without this one.
func (s *target) running(t *testing.T) int {
	t.Helper()
	conn := login(t, s.Addr())
	defer conn.close()
	answer := conn.ask(start(T(tCount, T(tFilter, T(tTable, T(tDB, "rethinkdb"), "jobs"), term(`{"type":"query"}`)))))
	var n int
	if _, err := fmt.Sscanf(answer, `{"t":1,"r":[%d]}`, &n); err != nil {
		t.Fatalf("jobs: %s", answer)
	}
	return n - 1
}

// comesToRest checks that soon nothing is left of the queries of an attack.
func (s *target) comesToRest(t *testing.T) {
	t.Helper()
	// Two looks, because the bystander's queries are jobs too.
	eventually(t, slowStopTime, "the queries have ended", func() bool { return s.running(t) <= 1 })
	const window = 200 * time.Millisecond
	eventually(t, slowStopTime+4*window, "the server is idle", func() bool {
		before := s.cpuTime(t)
		<-time.After(window)
		return s.cpuTime(t)-before < window/2 // the bystander, and a collection of garbage perhaps
	})
}

// loops is n for_each in each other, each over two rows, around a write: 2^n writes.
func loops(n int) term {
	if n == 0 {
		return T(tInsert, T(tTable, "victim"), term(`{"id":"loops"}`)).with(`"conflict":"replace","durability":"soft"`)
	}
	return T(tForEach, array(1, 2), fn(n, 1, loops(n-1)))
}

func attackEndless(t *testing.T, s *target) {
	const ages = 1_000_000_000_000_000
	forever := T(tRange, ages)
	same := fn(1, 1, v(1))
	never := fn(1, 1, false)
	waste := fn(1, 1, T(tCount, T(tRange, 1_000_000)))
	large := megabytes(8)
	var stops []time.Duration // how long STOP took
	for _, q := range []struct{ name, body string }{
		{"a filter that nothing passes", start(T(tFilter, T(tRange), never))},
		{"a count", start(T(tCount, forever))},
		{"a sum", start(T(tSum, forever))},
		{"a minimum", start(T(tMin, forever))},
		{"a reduction", start(T(tReduce, forever, fn(1, 2, v(1))))},
		{"a fold", start(T(tFold, forever, 0, fn(1, 2, v(1))))},
		{"a map in a map", start(T(tMap, T(tRange), waste))},
		{"a search", start(T(tContains, forever, -1))},
		{"a search for places", start(T(tOffsetsOf, forever, -1))},
		{"an nth", start(T(tNth, T(tFilter, T(tRange), never), 5))},
		{"a skip", start(T(tSkip, T(tRange), ages))},
		{"a sample", start(T(tSample, forever, 10))},
		{"a question whether there is a row", start(T(tIsEmpty, T(tFilter, T(tRange), never)))},
		{"a distinct", start(T(tDistinct, T(tMap, forever, fn(1, 1, 1))))},
		{"a group", start(T(tSum, T(tGroup, forever, fn(1, 1, 1))))},
		{"a join", start(T(tCount, T(tInnerJoin, T(tRange, 100_000), T(tCoerceTo, T(tRange, 100_000), "array"), fn(1, 2, false))))},
		{"a union", start(T(tCount, T(tUnion, forever, forever)))},
		{"a concat_map", start(T(tCount, T(tConcatMap, forever, fn(1, 1, T(tRange, 1000)))))},
		{"a difference", start(T(tCount, T(tDifference, forever, array(1))))},
		{"a loop of writes", start(T(tForEach, forever, fn(1, 1, T(tInsert, T(tTable, "victim"), term(`{"id":"loop"}`)).with(`"conflict":"replace","durability":"soft"`))))},
		{"64 loops of writes in each other", start(loops(64))},
		{"an update that takes for ever", start(T(tUpdate, T(tTable, "victim"), fn(1, 1, T(tDo, same, T(tCount, forever)))).with(`"non_atomic":true`))},
		{"a filter of a table that takes for ever", start(T(tFilter, T(tTable, "victim"), fn(1, 1, T(tEq, T(tCount, forever), 1))))},
		{"a regular expression in megabytes", start(T(tMap, T(tRange), fn(1, 1, T(tMatch, large, "(x+x+)+y"))))},
		{"a large regular expression in megabytes", start(T(tMatch, large, "(.{300}y|x{300}z|.*.*.*.*.*.*.*y)"))},
		{"strings in uppercase", start(T(tCount, T(tMap, T(tRange, ages), fn(1, 1, T(tUpcase, large)))))},
		{"strings that are split", start(T(tCount, T(tMap, forever, fn(1, 1, T(tCount, T(tSplit, large, "y"))))))},
		{"arrays times 100,000", start(T(tCount, T(tMap, forever, fn(1, 1, T(tMul, array(1), 100_000)))))},
		{"random numbers", start(T(tCount, T(tMap, forever, fn(1, 1, T(tRandom)))))},
		{"orders of 100,000 numbers", start(T(tCount, T(tMap, forever, fn(1, 1, T(tOrderBy, T(tRange, 100_000), fn(2, 1, v(2)))))))},
		{"sets of many numbers", start(T(tFold, T(tRange, 100_000), array(), fn(1, 2, T(tSetInsert, v(1), v(2)))))},
		{"arrays that grow", start(T(tCount, T(tMap, forever, fn(1, 1, T(tFold, T(tRange, 50_000), array(), fn(2, 2, T(tAppend, v(2), v(3))))))))},
		{"merges of a large object", start(T(tCount, T(tMap, forever, fn(1, 1, T(tMerge, term("{"+numbered(20_000)+"}"), term("{"+numbered(20_000)+"}"))))))},
		{"text of a large array", start(T(tCount, T(tMap, forever, fn(1, 1, T(tToJSON, T(tMul, array(1), 100_000))))))},
		{"comparisons of large arrays", start(T(tCount, T(tMap, forever, fn(1, 1, T(tEq, T(tMul, array(1), 100_000), T(tMul, array(1), 100_000))))))},
	} {
		s.attack(t, q.name+", stopped", func(t *testing.T) {
			conn := login(t, s.Addr())
			conn.query(1, q.body)
			<-time.After(headStart)
			began := time.Now()
			conn.query(1, "[3]")
			for range 2 { // one for the query, one for STOP
				token, answer := conn.answer()
				if wants(t, answer, `{"t":2,"r":[],"n":[]}|{"t":3,|not in stream cache`); token != 1 {
					t.Errorf("an answer to query %d", token)
				}
				if strings.HasPrefix(answer, `{"t":16`) {
					break
				}
			}
			took := time.Since(began)
			if took > slowStopTime {
				t.Errorf("STOP took %v", took)
			}
			stops = append(stops, took)
			conn.alive()
		})
		s.attack(t, q.name+", abandoned", func(t *testing.T) {
			conn := login(t, s.Addr())
			conn.query(1, q.body)
			<-time.After(headStart)
			conn.close()
			eventually(t, slowStopTime, "the query has ended", func() bool { return s.running(t) <= 1 })
		})
	}
	slices.Sort(stops)
	if n := len(stops); n > 0 {
		t.Logf("STOP took %v in the median and %v at most", stops[n/2], stops[n-1])
		if stops[n*3/4] > stopTime {
			t.Errorf("STOP took more than %v in a quarter of the cases", stops[n*3/4])
		}
	}
	s.attack(t, "50 endless queries, abandoned", func(t *testing.T) {
		conn := login(t, s.Addr())
		for i := range 50 {
			conn.query(int64(i), start(T(tCount, forever)))
		}
		<-time.After(headStart)
		conn.close()
		s.comesToRest(t)
	})
	s.attack(t, "an endless query of a client that only closes its side", func(t *testing.T) {
		conn := login(t, s.Addr())
		conn.query(1, start(T(tCount, forever)))
		<-time.After(headStart)
		conn.closeWrite()
		conn.rest()
		s.comesToRest(t)
	})
	s.attack(t, "an endless query without an answer, abandoned", func(t *testing.T) {
		conn := login(t, s.Addr())
		conn.query(1, startWith(T(tCount, forever), `"noreply":true`))
		conn.query(2, "[4]")
		conn.silent(headStart)
		conn.close()
		s.comesToRest(t)
	})
	s.attack(t, "an endless query on the web port, abandoned", func(t *testing.T) {
		id := s.openWeb(t)
		client := http.Client{Timeout: headStart}
		response, err := client.Post("http://"+s.web+"/ajax/reql/?conn_id="+id, "", strings.NewReader("12345678"+start(T(tCount, forever))))
		if err == nil {
			response.Body.Close()
			t.Error("an endless query was answered")
		}
		s.comesToRest(t)
	})
	s.attack(t, "an endless query that its connection closes on the web port", func(t *testing.T) {
		id := s.openWeb(t)
		answers := make(chan string, 1)
		go func() { answers <- s.askWeb(t, id, start(T(tCount, forever))) }()
		<-time.After(headStart)
		s.post(t, "/ajax/reql/close-connection?conn_id="+id, "")
		wants(t, <-answers, "This ReQL connection has been terminated.")
		s.comesToRest(t)
	})
}
