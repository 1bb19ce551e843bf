package exec_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"rethinkdb/internal/reql"
)

// tableServer has a table of durability soft on disk, so that what is measured is the processor's part.
func tableServer(b *testing.B) *server {
	s := newServerIn(b, b.TempDir(), nil)
	s.mustRun(b, `[1,[57,["test"]],{}]`)
	s.mustRun(b, `[1,[60,[[14,["test"]],"t"],{"durability":"soft"}],{}]`)
	return s
}

// mustRun runs a query and gives its only answer.
func (s *server) mustRun(b *testing.B, body string) []byte {
	b.Helper()
	q, bad := reql.ParseQuery([]byte(body))
	if bad != nil {
		b.Fatal(bad)
	}
	out, cur := s.compiler.Compile(q).Start(context.Background(), nil)
	if cur != nil {
		cur.Close()
	}
	if strings.HasPrefix(string(out), `{"t":18`) || strings.HasPrefix(string(out), `{"t":17`) || !strings.Contains(string(out), `"errors":0`) && strings.Contains(string(out), `"errors":`) {
		b.Fatalf("%s -> %s", body[:min(len(body), 300)], out)
	}
	return out
}

// answer is mustRun into a buffer that is used again.
func (s *server) answer(b *testing.B, body, buf []byte) []byte {
	q, bad := reql.ParseQuery(body)
	if bad != nil {
		b.Fatal(bad)
	}
	out, cur := s.compiler.Compile(q).Start(context.Background(), buf)
	if cur != nil {
		b.Fatal("more than one answer")
	}
	return out
}

// document is about 1 KB of JSON with the usual mix of fields.
func document(key string) string {
	return fmt.Sprintf(`{"id":%q,"name":"Grace Hopper","email":"grace@example.com","age":37,"score":12.75,"active":true,`+
		`"tags":[2,["alpha","beta","gamma"]],"address":{"street":"1 Main Street","city":"Arlington","zip":"22201"},"note":null,"text":%q}`,
		key, strings.Repeat("lorem ipsum dolor ", 42))
}

func benchmarkQuery(b *testing.B, s *server, query func(i int) string) {
	b.ReportAllocs()
	buf := make([]byte, 0, 1<<20)
	var body []byte
	i := 0
	for b.Loop() {
		body = append(body[:0], query(i)...)
		out := s.answer(b, body, buf)
		if len(out) > 7 && out[5] == '1' && out[6] != ',' {
			b.Fatalf("%s -> %s", body, out)
		}
		i++
	}
}

const table = `[15,[[14,["test"]],"t"]]`

func insertQuery(doc string) string { return `[1,[56,[` + table + `,` + doc + `]],{}]` }

func BenchmarkGet(b *testing.B) {
	s := tableServer(b)
	s.mustRun(b, insertQuery(document("a")))
	q := `[1,[16,[` + table + `,"a"]],{}]`
	benchmarkQuery(b, s, func(int) string { return q })
}

func BenchmarkGetMissing(b *testing.B) {
	s := tableServer(b)
	q := `[1,[16,[` + table + `,"a"]],{}]`
	benchmarkQuery(b, s, func(int) string { return q })
}

func BenchmarkInsertOne(b *testing.B) {
	s := tableServer(b)
	docs := make([]string, 4096)
	for i := range docs {
		docs[i] = strings.Replace(insertQuery(document("")), `"id":"",`, ``, 1)
	}
	benchmarkQuery(b, s, func(i int) string { return docs[i%len(docs)] })
}

func BenchmarkUpdateOne(b *testing.B) {
	s := tableServer(b)
	s.mustRun(b, insertQuery(document("a")))
	qs := []string{
		`[1,[53,[[16,[` + table + `,"a"]],{"age":1}]],{}]`,
		`[1,[53,[[16,[` + table + `,"a"]],{"age":2}]],{}]`,
	}
	benchmarkQuery(b, s, func(i int) string { return qs[i%2] })
}

func BenchmarkReplaceOne(b *testing.B) {
	s := tableServer(b)
	s.mustRun(b, insertQuery(document("a")))
	var qs [2]string
	for i := range qs {
		qs[i] = `[1,[55,[[16,[` + table + `,"a"]],` + strings.Replace(document("a"), `"age":37`, fmt.Sprintf(`"age":%d`, i), 1) + `]],{}]`
	}
	benchmarkQuery(b, s, func(i int) string { return qs[i%2] })
}

func BenchmarkDeleteMissing(b *testing.B) {
	s := tableServer(b)
	q := `[1,[54,[[16,[` + table + `,"a"]]]],{}]`
	benchmarkQuery(b, s, func(int) string { return q })
}

func benchmarkBulk(b *testing.B, generated bool) {
	const n = 200
	s := tableServer(b)
	var qs []string
	for j := range 8 {
		docs := make([]string, n)
		for i := range docs {
			docs[i] = document(fmt.Sprintf("key-%d-%08d", j, i*2654435761%100000007))
			if generated {
				docs[i] = strings.Replace(docs[i], `"id":`, `"old":`, 1)
			}
		}
		qs = append(qs, `[1,[56,[`+table+`,[2,[`+strings.Join(docs, ",")+`]]],{"conflict":"replace"}],{}]`)
	}
	benchmarkQuery(b, s, func(i int) string { return qs[i%len(qs)] })
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "docs/s")
}

func BenchmarkInsert200(b *testing.B)          { benchmarkBulk(b, true) }
func BenchmarkInsert200Replacing(b *testing.B) { benchmarkBulk(b, false) }

// BenchmarkUpdateTable updates 10,000 rows of 1 KB in one query.
func BenchmarkUpdateTable(b *testing.B) {
	const n = 10000
	s := tableServer(b)
	for j := range n / 200 {
		docs := make([]string, 200)
		for i := range docs {
			docs[i] = document(fmt.Sprintf("key-%d-%d", j, i))
		}
		s.mustRun(b, `[1,[56,[`+table+`,[2,[`+strings.Join(docs, ",")+`]]]],{}]`)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		s.mustRun(b, fmt.Sprintf(`[1,[53,[%s,{"age":%d}]],{}]`, table, i))
		i++
	}
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "docs/s")
}

// BenchmarkGetAll100 reads 100 rows of 1 KB by their keys.
func BenchmarkGetAll100(b *testing.B) {
	s := tableServer(b)
	docs, keys := make([]string, 1000), make([]string, 100)
	for i := range docs {
		docs[i] = document(fmt.Sprintf("key-%d", i))
		keys[i/10] = fmt.Sprintf(`"key-%d"`, i)
	}
	s.mustRun(b, `[1,[56,[`+table+`,[2,[`+strings.Join(docs, ",")+`]]]],{}]`)
	q := `[1,[78,[` + table + `,` + strings.Join(keys, ",") + `]],{}]`
	benchmarkQuery(b, s, func(int) string { return q })
}

// BenchmarkByIndex reads 10 rows of 1 KB by an index: those of a value, and a page of a range in its order.
func BenchmarkByIndex(b *testing.B) {
	s := tableServer(b)
	docs := make([]string, 2000)
	for i := range docs {
		docs[i] = strings.Replace(document(fmt.Sprintf("key-%d", i)), `"age":37`, fmt.Sprintf(`"age":%d`, i*7919%200), 1)
	}
	s.mustRun(b, `[1,[56,[`+table+`,[2,[`+strings.Join(docs, ",")+`]]]],{}]`)
	s.run(b, `r.db("test").table("t").indexCreate("age")`)
	s.run(b, `r.db("test").table("t").indexWait("age")`)
	b.Run("getAll", func(b *testing.B) {
		benchmarkQuery(b, s, func(i int) string { return fmt.Sprintf(`[1,[78,[%s,%d],{"index":"age"}],{}]`, table, i%200) })
	})
	b.Run("page", func(b *testing.B) {
		benchmarkQuery(b, s, func(i int) string {
			return fmt.Sprintf(`[1,[71,[[41,[[182,[%s,%d,[181]],{"index":"age"}]],{"index":"age"}],10]],{}]`, table, i%190)
		})
	})
}
