// Package authority makes certificates for people who have nobody to make them: an authority of their own, and certificates of a server
// and of clients that it signs, as PEM files in one directory. Run again, it renews them or adds more.
//
// It deliberately serves no requests and knows no revocation: whoever must be kept out needs a new authority.
package authority
