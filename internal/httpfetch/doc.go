// Package httpfetch fetches what r.http asks for, from servers that nobody vouches for: within limits of time and size, and
// never from networks that only this machine can reach unless the operator has allowed them. It does not know what the query
// language makes of an answer: it deals in lines of headers and in bytes.
package httpfetch
