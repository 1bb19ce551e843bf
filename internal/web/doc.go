// Package web is the web port: a status page, and the HTTP endpoint through which the JavaScript driver of a browser
// runs queries.
//
// It does not ask who the client is yet: as in the original, whoever reaches the port acts as admin.
package web
