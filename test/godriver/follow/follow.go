package main

import (
	"encoding/json"
	"strings"
	"time"

	r "gopkg.in/rethinkdb/rethinkdb-go.v6"
)

// Event is one event of a feed.
type Event struct {
	Old   map[string]any `rethinkdb:"old_val"`
	New   map[string]any `rethinkdb:"new_val"`
	State string         `rethinkdb:"state"`
	Error string         `rethinkdb:"error"`
	Token string         `rethinkdb:"resume_token"`
}

// A Follower gives Handle each event of a feed. Load and Save keep the token, which is "" in the beginning.
type Follower struct {
	Connect func() (*r.Session, error)
	Feed    r.Term
	Load    func() string
	Save    func(token string)
	Handle  func(Event) (more bool, err error)
}

// Follow returns when Handle has had enough.
func (f *Follower) Follow() error {
	for {
		more, err := f.once()
		if err != nil && strings.Contains(err.Error(), "Cannot resume the changefeed") {
			f.Save("")
		} else if _, wrong := err.(r.RQLQueryLogicError); wrong || !more {
			return err
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func (f *Follower) once() (more bool, err error) {
	session, err := f.Connect()
	if err != nil {
		return true, err
	}
	defer session.Close(r.CloseOpts{NoReplyWait: false})
	options := map[string]any{"include_resume_token": true, "include_initial": true, "include_states": true}
	if token := f.Load(); token != "" {
		options["resume_after"] = token // otherwise Handle gets everything that there is first
	}
	query, err := changes(f.Feed, options)
	if err != nil {
		return false, err
	}
	cursor, err := query.Run(session)
	if err != nil {
		return true, err
	}
	defer cursor.Close()
	for e := (Event{}); cursor.Next(&e); e = (Event{}) {
		if e.Error != "" {
			return true, nil // we were too slow: the history has what was dropped
		}
		if more, err := f.Handle(e); err != nil || !more {
			return false, err
		}
		if e.Token != "" {
			f.Save(e.Token)
		}
	}
	return true, cursor.Err()
}

// changes is feed.Changes with any options.
func changes(feed r.Term, options map[string]any) (r.Term, error) {
	built, err := feed.Build()
	if err != nil {
		return r.Term{}, err
	}
	query, err := json.Marshal([]any{152, []any{built}, options})
	return r.RawQuery(query), err
}
