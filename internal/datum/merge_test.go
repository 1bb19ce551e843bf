package datum

import "testing"

func TestMerge(t *testing.T) {
	const lit = `{"$reql_type$":"LITERAL"`
	for _, c := range []struct{ left, right, want, err string }{
		{left: `{"a":1,"b":2}`, right: `{"b":3,"c":4}`, want: `{"a":1,"b":3,"c":4}`},
		{left: `{"a":{"x":1,"y":2}}`, right: `{"a":{"y":3}}`, want: `{"a":{"x":1,"y":3}}`},
		{left: `{"a":[1,2]}`, right: `{"a":[3]}`, want: `{"a":[3]}`},
		{left: `{"a":1}`, right: `{"a":{"b":2}}`, want: `{"a":{"b":2}}`},
		{left: `{"a":{"b":2}}`, right: `{"a":null}`, want: `{"a":null}`},
		{left: `{"a":1}`, right: `5`, want: `5`},
		{left: `[1]`, right: `{"a":1}`, want: `{"a":1}`},
		{left: `{"a":{"x":1}}`, right: `{"a":` + lit + `,"value":{"y":2}}}`, want: `{"a":{"y":2}}`},
		{left: `{"a":{"x":1},"b":1}`, right: `{"a":` + lit + `}}`, want: `{"b":1}`},
		{left: `{"b":1}`, right: `{"a":{"c":` + lit + `,"value":2},"d":` + lit + `}}}`, want: `{"a":{"c":2},"b":1}`},
		{left: `{"b":1}`, right: `{"a":[1,` + lit + `},` + lit + `,"value":7}]}`, want: `{"a":[1,7],"b":1}`},
		{left: `{"a":{"b":{"c":1,"d":2}}}`, right: `{"a":{"b":{"c":` + lit + `}}}}`, want: `{"a":{"b":{"d":2}}}`},
		{left: `{}`, right: `{}`, want: `{}`},
		{left: `{"t":{"$reql_type$":"TIME","epoch_time":1,"timezone":"+00:00"}}`, right: `{"t":{"timezone":"-07:00"}}`,
			want: `{"t":{"$reql_type$":"TIME","epoch_time":1,"timezone":"-07:00"}}`},
		{left: `{"t":{"$reql_type$":"TIME","epoch_time":1,"timezone":"+00:00"}}`,
			right: `{"t":{"$reql_type$":"TIME","epoch_time":2,"timezone":"+01:00"}}`,
			want:  `{"t":{"$reql_type$":"TIME","epoch_time":2,"timezone":"+01:00"}}`},
		{left: `{"t":{"$reql_type$":"TIME","epoch_time":1,"timezone":"+00:00"}}`, right: `{"t":{"x":1}}`,
			err: "Invalid time object constructed (unrecognized field `x`):\n{\n\t\"$reql_type$\":\t\"TIME\"," +
				"\n\t\"epoch_time\":\t1,\n\t\"timezone\":\t\"+00:00\",\n\t\"x\":\t1\n}"},
		{left: `{"b":{"x":1}}`, right: `{"b":{"$reql_type$":"BINARY","data":"Zg=="}}`, want: `{"b":{"$reql_type$":"BINARY","data":"Zg=="}}`},
		{left: `{"g":{"$reql_type$":"GEOMETRY","type":"Point","coordinates":[1,2]}}`, right: `{"g":{"coordinates":[3,4]}}`,
			want: `{"g":{"$reql_type$":"GEOMETRY","coordinates":[3,4],"type":"Point"}}`},
	} {
		left, right := parse(t, c.left), parse(t, c.right)
		leftView, rightView := View(AppendEncoded(nil, left)), View(AppendEncoded(nil, right))
		for _, in := range [][2]Value{{left, right}, {leftView, right}, {left, rightView}, {leftView, rightView}} {
			got, err := Merge(in[0], in[1])
			if errorText(err) != c.err {
				t.Errorf("%s merge %s: %v, want %s", c.left, c.right, err, c.err)
				continue
			}
			if err != nil {
				continue
			}
			if got.PrintCompact() != c.want || got.ContainsLiteral() {
				t.Errorf("%s merge %s = %s, want %s", c.left, c.right, got.PrintCompact(), c.want)
			}
			b := AppendEncoded(nil, got)
			if err := Check(b); err != nil || !identical(View(b), got) {
				t.Errorf("encoding of %s: %v", c.want, err)
			}
		}
	}
}

func TestWithField(t *testing.T) {
	v := View(AppendEncoded(nil, parse(t, `{"b":1,"d":{"x":[1,2,3]}}`)))
	for key, want := range map[string]string{
		"a": `{"a":9,"b":1,"d":{"x":[1,2,3]}}`, "b": `{"b":9,"d":{"x":[1,2,3]}}`, "c": `{"b":1,"c":9,"d":{"x":[1,2,3]}}`,
		"e": `{"b":1,"d":{"x":[1,2,3]},"e":9}`,
	} {
		got := v.WithField(key, Int(9))
		if got.PrintCompact() != want {
			t.Errorf("got %s, want %s", got.PrintCompact(), want)
		}
		if d, _ := got.Get("d"); !d.has(flagView) {
			t.Error("a field that did not change was decoded")
		}
		if back := got.WithoutField(key); key != "b" && !Equal(back, v) {
			t.Errorf("got %s", back.Print())
		}
	}
	if got := v.WithoutField("b").PrintCompact(); got != `{"d":{"x":[1,2,3]}}` {
		t.Errorf("got %s", got)
	}
}
