// Command godriver does real work on a server with the Go driver: godriver ADDRESS [DIRECTORY], with TLS and the certificate of a client
// when a directory of `rethinkdb create-certs` is given. godriver tls PORT VISITOR connects once. It is a module of its own, so that
// the driver and what it needs are no dependencies of the server.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	r "gopkg.in/rethinkdb/rethinkdb-go.v6"
)

const rows = 1000

type user struct {
	ID     int       `rethinkdb:"id"`
	Name   string    `rethinkdb:"name"`
	Even   bool      `rethinkdb:"even"`
	Tags   []string  `rethinkdb:"tags"`
	Visits int       `rethinkdb:"visits"`
	Joined time.Time `rethinkdb:"joined"`
	Photo  []byte    `rethinkdb:"photo"`
	Text   string    `rethinkdb:"text"`
}

func makeUser(n int) user {
	return user{
		ID: n, Name: fmt.Sprintf("user %d", n*7919%rows), Even: n%2 == 0, Tags: []string{fmt.Sprintf("t%d", n%10)},
		Joined: time.Unix(1_400_000_000+int64(n), 0).UTC(), Photo: []byte{0, byte(n), 255}, Text: strings.Repeat("x", 1400),
	}
}

func main() {
	if len(os.Args) == 4 && os.Args[1] == "tls" {
		if err := visit(os.Args[2], os.Args[3]); err != nil {
			log.Fatal(err)
		}
		return
	}
	if len(os.Args) != 2 && len(os.Args) != 3 {
		log.Fatal("usage: godriver ADDRESS [DIRECTORY], or godriver tls PORT VISITOR")
	}
	options := r.ConnectOpts{Address: os.Args[1], InitialCap: 4, MaxOpen: 10}
	if len(os.Args) == 3 {
		var err error
		if options.TLSConfig, err = withCertificate(os.Args[2]); err != nil {
			log.Fatal(err)
		}
	}
	if err := work(options); err != nil {
		log.Fatal(err)
	}
	fmt.Println("ok")
}

// expect makes an error of a wrong result.
func expect(what string, got, want any) error {
	if got != want {
		return fmt.Errorf("%s: got %v, want %v", what, got, want)
	}
	return nil
}

// withCertificate reads the authority and the client's certificate.
func withCertificate(directory string) (*tls.Config, error) {
	ca, err := os.ReadFile(filepath.Join(directory, "ca.pem"))
	if err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(directory, "client.pem"), filepath.Join(directory, "client-key.pem"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	return &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

func work(options r.ConnectOpts) (err error) {
	session, err := r.Connect(options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()

	if _, err := r.DBCreate("godriver").RunWrite(session); err != nil {
		return err
	}
	db := r.DB("godriver")
	if _, err := db.TableCreate("users").RunWrite(session); err != nil {
		return err
	}
	users := db.Table("users")
	for _, step := range []func(*r.Session, r.Term) error{insert, read, change, cursor, failures} {
		if err := step(session, users); err != nil {
			return err
		}
	}
	result, err := users.Filter(map[string]any{"even": true}).Delete().RunWrite(session)
	if err != nil {
		return err
	}
	if err := expect("deleted", result.Deleted, rows/2); err != nil {
		return err
	}
	_, err = r.DBDrop("godriver").RunWrite(session)
	return err
}

// insert inserts one by one, at the same time from several goroutines, and many in one query.
func insert(session *r.Session, users r.Term) error {
	for n := range 100 {
		if _, err := users.Insert(makeUser(n)).RunWrite(session); err != nil {
			return err
		}
	}
	var wg sync.WaitGroup
	errs := make([]error, 400)
	for i := range errs {
		wg.Go(func() { _, errs[i] = users.Insert(makeUser(100 + i)).RunWrite(session) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	var batch []user
	for n := 500; n < rows; n++ {
		batch = append(batch, makeUser(n))
	}
	result, err := users.Insert(batch, r.InsertOpts{Conflict: "error"}).RunWrite(session)
	if err != nil {
		return err
	}
	return expect("inserted", result.Inserted, 500)
}

func one(session *r.Session, query r.Term, out any) error {
	c, err := query.Run(session)
	if err != nil {
		return err
	}
	return errors.Join(c.One(out), c.Close())
}

func read(session *r.Session, users r.Term) error {
	var count int
	if err := one(session, users.Count(), &count); err != nil {
		return err
	}
	if err := expect("count", count, rows); err != nil {
		return err
	}
	var got user
	if err := one(session, users.Get(7), &got); err != nil {
		return err
	}
	want := makeUser(7)
	if !got.Joined.Equal(want.Joined) || string(got.Photo) != string(want.Photo) || got.Name != want.Name || got.Text != want.Text {
		return fmt.Errorf("got %+v, want %+v", got, want)
	}
	if err := one(session, users.Filter(func(u r.Term) r.Term { return u.Field("id").Lt(10).And(u.Field("even")) }).Count(), &count); err != nil {
		return err
	}
	if err := expect("filtered", count, 5); err != nil {
		return err
	}
	c, err := users.OrderBy(r.Desc("id")).Limit(3).Field("id").Run(session)
	if err != nil {
		return err
	}
	var best []int
	if err := c.All(&best); err != nil {
		return err
	}
	return expect("best", fmt.Sprint(best), "[999 998 997]")
}

func change(session *r.Session, users r.Term) error {
	result, err := users.Get(7).Update(map[string]any{"visits": r.Row.Field("visits").Add(1)}, r.UpdateOpts{ReturnChanges: true}).RunWrite(session)
	if err != nil {
		return err
	}
	if err := expect("changes", len(result.Changes), 1); err != nil {
		return err
	}
	// Concurrent changes of one row: none may be lost.
	var wg sync.WaitGroup
	errs := make([]error, 50)
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = users.Get(8).Update(map[string]any{"visits": r.Row.Field("visits").Add(1)}, r.UpdateOpts{Durability: "soft"}).RunWrite(session)
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	var visits int
	if err := one(session, users.Get(8).Field("visits"), &visits); err != nil {
		return err
	}
	return expect("visits", visits, len(errs))
}

func cursor(session *r.Session, users r.Term) error {
	c, err := users.OrderBy(r.OrderByOpts{Index: "id"}).Run(session)
	if err != nil {
		return err
	}
	var u user
	n := 0
	for c.Next(&u) {
		if err := expect("key in order", u.ID, n); err != nil {
			return errors.Join(err, c.Close())
		}
		n++
	}
	if err := errors.Join(c.Err(), c.Close()); err != nil {
		return err
	}
	return expect("rows of the cursor", n, rows)
}

func failures(session *r.Session, _ r.Term) error {
	_, err := r.DB("godriver").Table("nothing").Run(session)
	var missing r.RQLOpFailedError
	if !errors.As(err, &missing) || !strings.Contains(err.Error(), "Table `godriver.nothing` does not exist.") {
		return fmt.Errorf("a missing table gave %T: %w", err, err)
	}
	_, err = r.Expr(1).Div(0).Run(session)
	var logic r.RQLQueryLogicError
	if !errors.As(err, &logic) {
		return fmt.Errorf("a division by zero gave %T: %w", err, err)
	}
	return nil
}
