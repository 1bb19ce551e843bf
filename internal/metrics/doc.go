// Package metrics shows what a server does in the format of Prometheus: everything that the administration page's dashboard shows, and what
// else helps to find out why a server is slow.
//
// It counts nothing itself: each request asks those who know. Who may ask is the business of package web. docs/monitoring.md lists
// the metrics; a test compares.
package metrics
