// Package reqltest lets tests write queries as a user would, in a notation close to the JavaScript driver's, and turns
// them into the JSON of the wire.
//
//	r.table("users").filter(u => u("age").gt(30)).orderBy("name", index: "id")
//
// Differences from JavaScript: optional arguments are named (index: "id") instead of being an object at the end,
// functions are always written with an arrow, and operators do not exist. It is no part of the server.
package reqltest
