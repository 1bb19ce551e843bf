// Command follow runs the reconnect loop of docs/changefeeds.md, which is follow.go word for word: follow PORTFILE.
// Documents with the ids 0, 1, 2, … are inserted one after the other, and last one with the id "end", while the server comes
// and goes; its port is in the file.
package main

import (
	"errors"
	"fmt"
	"log"
	"os"

	r "gopkg.in/rethinkdb/rethinkdb-go.v6"
)

// least is how many documents and how many connections it has to take for the test to have tested anything.
const (
	leastDocuments   = 10
	leastConnections = 3
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: follow PORTFILE")
	}
	if err := run(os.Args[1]); err != nil {
		log.Fatal(err)
	}
	fmt.Println("ok")
}

func run(portFile string) error {
	r.SetTags("rethinkdb")
	token, connections, next := "", 0, 0
	f := &Follower{
		Connect: func() (*r.Session, error) {
			connections++
			port, err := os.ReadFile(portFile)
			if err != nil {
				return nil, err
			}
			return r.Connect(r.ConnectOpts{Address: "127.0.0.1:" + string(port)})
		},
		Feed: r.DB("test").Table("orders"),
		Load: func() string { return token },
		Save: func(last string) { token = last },
		Handle: func(e Event) (bool, error) {
			switch id := e.New["id"]; {
			case e.State != "":
			case e.Old != nil:
				return false, fmt.Errorf("%v has changed", e.Old)
			case id == "end":
				return false, nil
			case id != float64(next):
				return false, fmt.Errorf("%v comes in place of %d", id, next)
			default:
				next++
			}
			return true, nil
		},
	}
	if err := f.Follow(); err != nil {
		return err
	}
	if next < leastDocuments || connections < leastConnections {
		return errors.New(fmt.Sprint(next, " documents over ", connections, " connections"))
	}
	return nil
}
