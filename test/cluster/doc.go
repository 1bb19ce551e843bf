// Package cluster has tests, under the build tag cluster, of several servers that share tables while things go wrong: servers are
// killed and stopped, and the network is cut, for which it needs root, iproute2 and iptables. Clients write and read meanwhile; what they were told must have come true.
//
// For longer, the times that histories take can be multiplied:
//
//	go test -tags cluster -timeout 2h ./test/cluster -args -long 20
package cluster
