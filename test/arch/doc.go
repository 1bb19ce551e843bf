// Package arch holds the tests that keep ARCHITECTURE.md and docs/dependencies.md true.
package arch
