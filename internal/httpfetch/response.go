package httpfetch

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// Response is an answer.
type Response struct {
	Header http.Header
	Body   []byte // not compressed
}

// discardBytes is how much of a body that nobody wants is read, so that the connection can be used again.
const discardBytes = 4 << 10

func discard(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, discardBytes) // the connection is closed if this fails
	closeBody(resp)
}

func closeBody(resp *http.Response) {
	_ = resp.Body.Close() // all that was wanted of it has been read
}

// read reads the answer. A status that is not one of success is an error, which has the answer.
func (s *Session) read(resp *http.Response) (*Response, error) {
	defer closeBody(resp)
	body, err := s.readBody(resp)
	if err != nil {
		return nil, err
	}
	header := resp.Header
	if len(resp.TransferEncoding) > 0 { // which net/http takes out
		header["Transfer-Encoding"] = resp.TransferEncoding
	}
	answer := &Response{Header: header, Body: body}
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return answer, nil
	}
	failed := &Error{Text: fmt.Sprintf("status code %d", resp.StatusCode), Response: answer}
	switch resp.StatusCode {
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable,
		http.StatusGatewayTimeout:
		return nil, errRetry{failed}
	}
	return nil, failed
}

func (s *Session) readBody(resp *http.Response) ([]byte, error) {
	if resp.ContentLength > MaxBodyBytes {
		return nil, tooLarge()
	}
	in, err := decoder(resp)
	if err != nil {
		return nil, bodyError(err)
	}
	out := bytes.NewBuffer([]byte{}) // not nil, so that an empty body is one
	reserved := int64(0)
	defer func() { s.client.bytes.Add(-reserved) }()
	chunk := make([]byte, 32<<10)
	for {
		n, err := in.Read(chunk)
		reserved += int64(n)
		total := s.client.bytes.Add(int64(n))
		switch {
		case reserved > MaxBodyBytes:
			return nil, tooLarge()
		case total > maxTotalBytes:
			return nil, fail(fmt.Sprintf("the responses that this server is reading for r.http have more than %d bytes together; try again later", maxTotalBytes))
		}
		out.Write(chunk[:n])
		if err == io.EOF {
			return out.Bytes(), nil
		}
		if err != nil {
			return nil, bodyError(err)
		}
	}
}

func tooLarge() error {
	return fail(fmt.Sprintf("the response has more than %d bytes", MaxBodyBytes))
}

var errEncoding = fail("Unrecognized or bad HTTP Content or Transfer-Encoding")

// decoder reads the body of an answer without the compression that it was sent with.
func decoder(resp *http.Response) (io.Reader, error) {
	in := bufio.NewReader(resp.Body)
	encoding := strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Encoding")))
	if encoding == "" || encoding == "identity" || resp.Request != nil && resp.Request.Method == http.MethodHead {
		return in, nil
	}
	head, err := in.Peek(2)
	if err == io.EOF && len(head) == 0 {
		return in, nil // nothing was compressed
	}
	switch encoding {
	case "gzip", "x-gzip":
		return gzip.NewReader(in)
	case "deflate":
		// The name means the format of zlib, but some servers send what is inside of it.
		if len(head) == 2 && head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
			return zlib.NewReader(in)
		}
		return flate.NewReader(in), nil
	}
	return nil, errEncoding
}

// bodyError says what went wrong while the body of an answer was read.
func bodyError(err error) error {
	var network *net.OpError
	var corrupt flate.CorruptInputError
	switch {
	case errors.As(err, &network):
		return errRetry{fail("error when receiving data")}
	case errors.Is(err, errEncoding), errors.As(err, &corrupt), errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum),
		errors.Is(err, zlib.ErrHeader), errors.Is(err, zlib.ErrChecksum), errors.Is(err, zlib.ErrDictionary):
		return errEncoding
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fail("Transferred a partial file")
	}
	return errRetry{fail("error when receiving data")}
}

// bodyOf makes readers of a request's body.
func bodyOf(body string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(body)), nil }
}
