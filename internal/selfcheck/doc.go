// Package selfcheck judges how well a server is closed: it turns facts about one into findings, each with a severity and the exact
// command that closes it, and into a sentence for each port about who may come in.
//
// It deliberately reads nothing itself, neither files nor clocks, and it changes nothing: package server gathers the facts, and whoever
// operates the server runs the commands.
package selfcheck
