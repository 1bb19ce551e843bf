// Package program checks the program as an operator meets it: commands, ports, directories, signals, daemons.
package program
