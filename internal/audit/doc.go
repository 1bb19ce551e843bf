// Package audit keeps the record of who came in, who was refused and who changed what: lines of JSON in a file, each with the
// hash of the one before, and the newest of them in memory. DESIGN.md has the format.
//
// It deliberately knows nothing of users, tables and ports, whose packages say what has happened, and it decides nothing. What is
// given to it must have no secrets and no values of documents: it writes down what it gets.
package audit
