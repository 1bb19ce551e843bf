// Package login keeps the sessions of people who have logged in on the administration page: it makes them, binds them to a browser,
// and ends them.
//
// It checks no passwords, and knows nothing of HTTP: how a browser keeps the secret of its session is the business of package web.
// Sessions are in the memory of one server and end with it.
package login
