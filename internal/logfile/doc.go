// Package logfile writes the server's log in RethinkDB's format, to the log file and to the console, and reads the newest
// entries back for the logs system table.
//
// It deliberately does not rotate, compress or ship logs: the file is opened for appending and every entry is one write, so
// logrotate's copytruncate and a pipe to a collector both work. It knows nothing of the server that logs.
package logfile
