// Package cluster has tests, under the build tag cluster, of several servers that share tables while things go wrong: servers are
// killed and stopped, the network is cut, disks are full or fail, and tables are reconfigured meanwhile, for which it needs root, iproute2, iptables, mount and mkfs.ext4. Clients write and read; what they were
// told must have come true.
//
// For longer, the times that histories take can be multiplied:
//
//	go test -tags cluster -timeout 2h ./test/cluster -args -long 20
//
// Faults that are chosen by chance come from a seed, which is printed, and can be given with -seed. At the end a line sums up what was done.
package cluster
