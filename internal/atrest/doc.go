// Package atrest is the cryptography of encryption at rest: the operator's key, the keyring of data keys that it protects, and
// the cipher of each file.
//
// It deliberately opens no file of the data directory and knows nothing of the storage engine: `storage` puts a layer of
// encryption under the engine with it, and `extsort` encrypts temporary files. DESIGN.md has the threat model and the formats.
package atrest
