// Package cli is the command line of the rethinkdb program: its commands, options, configuration file and help.
//
// It deliberately knows nothing of how a server works: it turns words into a server.Config, prepares the process (user, pid
// file, daemon), runs the server and turns its outcome into one sentence and an exit status.
package cli
