package cluster

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

func encode(t testing.TB, frames ...frame) []byte {
	t.Helper()
	var text bytes.Buffer
	w := bufio.NewWriter(&text)
	for _, f := range frames {
		if err := f.write(w); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

func TestFrames(t *testing.T) {
	frames := []frame{
		{kind: heartbeat},
		{kind: message, id: 1, body: []byte("hello")},
		{kind: call, id: 1<<64 - 1, label: strings.Repeat("x", maxLabelBytes), body: bytes.Repeat([]byte{7}, 100_000)},
		{kind: 255, label: "of the future"},
	}
	r := bufio.NewReader(bytes.NewReader(encode(t, frames...)))
	for _, want := range frames {
		if got, err := readFrame(r); err != nil || got.kind != want.kind || got.id != want.id || got.label != want.label || !bytes.Equal(got.body, want.body) {
			t.Errorf("%v, want %v: %v", got, want, err)
		}
	}
	if _, err := readFrame(r); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

// What ends within a frame is no clean end; what claims to be longer than a frame is not read.
func TestBrokenFrames(t *testing.T) {
	whole := encode(t, frame{kind: call, id: 1, label: "label", body: []byte("body")})
	for n := 1; n < len(whole); n++ {
		if _, err := readFrame(bufio.NewReader(bytes.NewReader(whole[:n]))); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
	for name, f := range map[string][]byte{
		"a long label": {byte(call), maxLabelBytes + 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"a long body":  {byte(call), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff},
	} {
		if _, err := readFrame(bufio.NewReader(bytes.NewReader(f))); !errors.Is(err, errProtocol) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzFrame(f *testing.F) {
	f.Add(encode(f, frame{kind: message, id: 1, body: []byte("hello")}, frame{kind: heartbeat}))
	f.Add(encode(f, frame{kind: call, id: 7, label: "kind", body: []byte("request")}))
	f.Add([]byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r := bufio.NewReader(bytes.NewReader(text))
		var frames []frame
		for {
			one, err := readFrame(r)
			if err != nil {
				break
			}
			frames = append(frames, one)
		}
		if again := encode(t, frames...); !bytes.HasPrefix(text, again) {
			t.Errorf("%q became %q", text, again)
		}
	})
}

// FuzzLink has a server that has proved itself send anything to the handlers of frames.
func FuzzLink(f *testing.F) {
	f.Add(encode(f, frame{kind: call, id: 1, label: "k"}, frame{kind: cancel, id: 1}, frame{kind: answer, id: 1}, frame{kind: message, id: 1}))
	f.Add(encode(f, frame{kind: open, id: 1, label: "k"}, frame{kind: data, id: 1, body: []byte("x")}, frame{kind: window, id: 1, body: []byte{1, 0, 0, 0}}, frame{kind: end, id: 1}, frame{kind: reset, id: 1}))
	f.Fuzz(func(t *testing.T, text []byte) {
		m := New(Options{})
		defer m.Close()
		m.HandleMessages(1, func(ServerID, []byte) {})
		m.HandleCall("k", echo)
		m.HandleStream("k", echoStream)
		l := &link{mesh: m, control: newWire(nil, "peer", false)}
		l.ctx, l.end = m.ctx, m.stop
		r := bufio.NewReader(bytes.NewReader(text))
		for {
			one, err := readFrame(r)
			if err != nil {
				break
			}
			if err := l.onControl(one); err != nil {
				break
			}
		}
		l.control.streams.fail(ErrLost)
		l.handlers.Wait()
	})
}
