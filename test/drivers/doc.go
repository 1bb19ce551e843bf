// Package drivers does real work on a server with drivers as their authors published them: connections, databases and tables,
// a thousand inserts, reads, changes, cursors and errors, and the examples of docs/reql.md. The programs beside this file are the work; `npm ci` in this
// directory installs the drivers.
package drivers
