// Package metadata keeps what all servers of a cluster agree on: a few thousand small keys and values, changed rarely. The catalog
// and the users are in it. All changes have one order, each raises the version by one, and each is made on the version that its
// author has seen: if somebody was faster, it is refused as stale, and the author decides anew. So a change that rests on what is
// there, as that a name is free, needs no lock that several servers share.
//
// It deliberately knows nothing of what keys and values mean. Keys of one server alone, such as its own key, stay with storage.
package metadata
