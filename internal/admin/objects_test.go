package admin

import "testing"

func TestFind(t *testing.T) {
	cl := cluster{
		machines:  []machine{{ID: "aaaa1111", Name: "box", Tags: []string{"default", "shop"}}},
		databases: []database{{ID: "bbbb1111", Name: "shop"}, {ID: "bbbb2222", Name: "test"}},
		tables:    []table{{ID: "cccc1111", Name: "users", DB: "bbbb1111"}, {ID: "cccc2222", Name: "users", DB: "bbbb2222"}},
	}
	for _, c := range []struct {
		word  string
		kinds []kind
		want  string // name and identifier, or the error
	}{
		{"box", nil, "box aaaa1111"},
		{"default", nil, "default "},
		{"test.users", nil, "users cccc2222"},
		{"AAAA", nil, "box aaaa1111"},
		{"bbbb2", nil, "test bbbb2222"},
		{"shop", []kind{databaseKind}, "shop bbbb1111"},
		{"shop", nil, "'shop' not unique, possible objects:\ndatacenter    none\ndatabase      bbbb1111"},
		{"users", nil, "'users' not unique, possible objects:\ntable (r)     cccc1111\ntable (r)     cccc2222"},
		{"bbbb", nil, "uuid not unique: bbbb"},
		{"bbb", nil, "identifier not found, too short to specify a uuid: bbb"},
		{"dddd", nil, "identifier not found: dddd"},
		{"box", []kind{tableKind}, "identifier not found, too short to specify a uuid: box"},
		{"", nil, "identifier not found, too short to specify a uuid: "},
	} {
		o, err := cl.find(c.word, c.kinds...)
		got := o.name + " " + o.id
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("find(%q, %v): %s\nwant %s", c.word, c.kinds, got, c.want)
		}
	}
}
