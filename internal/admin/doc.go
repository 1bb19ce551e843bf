// Package admin is the administration command line of RethinkDB 1.x: `rethinkdb admin`, one command or a console.
//
// Its commands, their syntax and their output are those of 1.13. What a command does is a few queries to the server, over the
// intracluster port (internal/wire/DESIGN.md). The package deliberately knows nothing of options and files, which package cli has,
// nor of how a server stores what it tells: it is a client.
package admin
