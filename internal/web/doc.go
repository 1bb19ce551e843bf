// Package web is the web port: the administration page, and the HTTP endpoint through which the page and the JavaScript driver of
// a browser run queries.
//
// As long as admin has no password, whoever the port serves acts as admin, as in the original; from then on each request
// needs a user and a password, and acts with the rights of that user.
package web
