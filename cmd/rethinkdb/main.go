// Command rethinkdb is a document database that speaks RethinkDB's protocols.
package main

import (
	"os"

	"rethinkdb/internal/cli"
)

func main() {
	os.Exit(cli.Run(os.Args, os.Stdout, os.Stderr))
}
