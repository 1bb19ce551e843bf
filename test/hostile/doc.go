// Package hostile attacks a server through all of its ports while a bystander does small reads and writes: bytes that are no
// protocol, frames that end early or never, queries that are nested, large or endless, clients that do not read, floods. Each
// attack is answered by an error or a closed connection; the bystander notices nothing, memory stays bounded, nothing stays
// behind, and nothing that was written is lost.
package hostile
