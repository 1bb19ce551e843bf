//go:build !unix

package wire

func (r *reader) tryRead(uintptr) bool { panic("the socket is only read directly on Unix") }
