// Package remotepart lets a server use the parts of tables whose primary replicas are on other servers, and answers other servers that use
// those which are here. See DESIGN.md for what they say to each other.
//
// It deliberately does not know how servers are connected, nor where replicas are: who builds a Client and a Server tells them.
package remotepart
