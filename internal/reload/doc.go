// Package reload keeps a value that was read from files, and reads it again when they have changed: certificates, keys and
// secrets that an operator renews while the server runs.
//
// It deliberately watches nothing by itself. The files are looked at when somebody wants the value.
package reload
