// Package extsort sorts records by their keys: in memory, and when that does not suffice in sorted runs in temporary files,
// which are merged. It does not know what keys and rows mean, nor what memory there is: callers lend it that.
//
// DESIGN.md describes the runs.
package extsort
