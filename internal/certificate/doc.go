// Package certificate has the keys and certificates of TLS ports: read from PEM files, and read again when the files change,
// so that a renewed certificate is used without a restart.
//
// It deliberately makes no certificates and listens on no port.
package certificate
