// Package security has tests, under the build tag security, of who may come in: hosts on this machine, made of network
// namespaces, knock on all three ports of the real program. They need root, and Debian's iproute2.
package security
