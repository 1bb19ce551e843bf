// Package cluster starts several real servers on this machine, under the build tag cluster, has them form a cluster, kills, stops and
// starts them again while clients write, and checks that nothing that was acknowledged is lost. It needs neither root nor anything
// that the other suites do not.
package cluster
