package exec

import (
	"fmt"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// httpPage evaluates the options about pages. The function is nil when there is only one.
func (c call) httpPage() (page *function, limit int64, err error) {
	v, ok, err := c.opt("page")
	if err != nil {
		return nil, 0, err
	}
	d, at, limited, err := c.optDatum("page_limit")
	switch {
	case err != nil || !ok:
		return nil, 0, err
	case !limited:
		return nil, 0, failAt(v.at, reql.QueryLogic, "Cannot use `page` without specifying `page_limit` (a positive number performs that many requests, -1 is unlimited).")
	}
	if page, err = v.pageFunction(c.fr); err != nil {
		return nil, 0, err
	}
	if limit, err = intAt(d, at); err != nil {
		return nil, 0, err
	}
	if limit < -1 {
		return nil, 0, failAt(at, reql.QueryLogic, "`page_limit` should be greater than or equal to -1.")
	}
	return page, limit, nil
}

// pageFunction converts v to a function that finds the next page; null is none.
func (v val) pageFunction(fr *frame) (*function, error) {
	if !v.isDatum() {
		return v.function(fr, noShortcut)
	}
	d, err := v.datum(fr)
	if err != nil || d.Kind() == datum.KindNull {
		return nil, err
	}
	if err := typed(d, datum.KindString, "STRING"); err != nil {
		return nil, err
	}
	if d.AsString() != "link-next" {
		return nil, failAt(v.at, reql.QueryLogic, "`page` method '%s' not recognized, only 'link-next' is available.", d.AsString())
	}
	return &function{at: v.at, arity: 1, native: func(_ *frame, args []datum.Value) (datum.Value, error) {
		next := args[0]
		for _, name := range [...]string{"header", "link", `rel="next"`} {
			var ok bool
			if next, ok = next.Get(name); !ok {
				return datum.Null, nil
			}
		}
		return next, nil
	}}, nil
}

// httpPages are the rows of r.http with pages. The next page is looked for when the one before has come, and fetched when its
// rows have been read.
type httpPages struct {
	*httpCall
	page  *function
	limit int64 // of requests; negative for none
	more  bool

	rows datum.Value // the array that the present page is
	row  int         // the next of it
}

func (p *httpPages) next(fr *frame) (datum.Value, bool, error) {
	for {
		if p.row < p.rows.Len() {
			p.row++
			return p.rows.At(p.row - 1), true, nil
		}
		if !p.more {
			return datum.Value{}, false, nil
		}
		header, body, err := p.fetch(fr)
		if err == nil {
			p.more, err = p.turn(fr, header, body)
		}
		if err != nil {
			p.more = false
			return datum.Value{}, false, err
		}
		if p.row = 0; body.Kind() == datum.KindArray {
			p.rows = body
		} else {
			p.rows = datum.Array([]datum.Value{body})
		}
	}
}

func (p *httpPages) close() {
	p.more, p.rows, p.row = false, datum.Array(nil), 0
	p.session.Close()
}

// turn prepares the request for the next page, if there is one.
func (p *httpPages) turn(fr *frame, header, body datum.Value) (more bool, err error) {
	if p.limit > 0 {
		p.limit--
	}
	if p.limit == 0 {
		return false, nil
	}
	info := datum.Object([]datum.Field{{Key: "params", Val: p.params}, {Key: "header", Val: header}, {Key: "body", Val: body}})
	d, err := p.page.call1(fr, info)
	if err == nil {
		more, err = p.follow(d)
	}
	if e, ok := err.(*reql.Error); ok { //nolint:errorlint // never wrapped inside the executor
		c := *e
		c.Msg, c.Detail = fmt.Sprintf("Error in HTTP %s of `%s`: %s.\nError occurred during `page` called with:\n%s\n",
			p.request.Method, p.request.URL, e.Error(), quoted(info)), nil
		return false, &c
	}
	return more, err
}

// quoted prints a value, or the beginning of a large one.
func quoted(d datum.Value) string {
	if d.SizeHint() > maxQuotedBytes {
		return d.PrintTrunc()
	}
	return d.Print()
}

// follow takes over what a page function has given.
func (p *httpPages) follow(d datum.Value) (more bool, err error) {
	switch {
	case d.Kind() == datum.KindNull, d.Kind() == datum.KindString:
		return p.followURL(d)
	case !isObject(d):
		return false, failAt(p.at, reql.QueryLogic, "Expected `page` to return an OBJECT, but found %s.", d.TypeName())
	}
	url, hasURL := d.Get("url")
	params, hasParams := d.Get("params")
	if !hasURL && !hasParams {
		return false, failAt(p.at, reql.QueryLogic, "OBJECT returned by `page` must contain `url` and/or `params` fields.")
	}
	if hasParams {
		if err := checkParams(params, p.at); err != nil {
			return false, err
		}
		if p.params, err = datum.Merge(p.params, params); err != nil {
			return false, err
		}
	}
	if hasURL {
		return p.followURL(url)
	}
	return true, nil
}

func (p *httpPages) followURL(d datum.Value) (more bool, err error) {
	switch d.Kind() {
	case datum.KindNull:
		return false, nil
	case datum.KindString:
		p.request.URL = d.AsString()
		return true, nil
	}
	return false, failAt(p.at, reql.QueryLogic, "Expected `url` in OBJECT returned by `page` to be a STRING or NULL, but found %s.", d.TypeName())
}
