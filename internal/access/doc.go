// Package access decides which peers a port serves at all, before anybody logs in: protected mode and allow-lists.
//
// It deliberately knows nothing of users and their rights, which package auth has, and of what is served.
package access
