package cluster

import "testing"

// What is urgent comes first, and everything of a queue in its order.
func TestOutboxOrder(t *testing.T) {
	o := newOutbox()
	const n = 1000
	body := make([]byte, 4096)
	for i := range uint64(n) {
		o.put(calls, frame{kind: call, id: i, body: body})
		o.put(messages, frame{kind: message, id: i, body: body})
	}
	o.put(urgent, frame{kind: heartbeat})
	var got []frame
	for batch := o.take(nil); len(batch) > 0; batch = o.take(nil) {
		if size := len(batch) * 4096; size > batchBytes+2*4096 {
			t.Errorf("a batch has %d bytes", size)
		}
		got = append(got, batch...)
	}
	if len(got) != 2*n+1 || got[0].kind != heartbeat {
		t.Fatalf("%d frames, the first of kind %d", len(got), got[0].kind)
	}
	next := map[frameKind]uint64{}
	for i, f := range got[1:] {
		if f.id != next[f.kind] {
			t.Fatalf("frame %d is the %d. of kind %d", i, f.id, f.kind)
		}
		next[f.kind]++
		// Of the calls one goes with each batch of messages.
		if f.kind == message && next[call] > next[message]*4096/batchBytes+1 {
			t.Fatalf("message %d waits for %d calls", f.id, next[call])
		}
	}
}

// A queue is bounded by its bytes; what was taken makes room.
func TestOutboxBounds(t *testing.T) {
	o := newOutbox()
	f := frame{kind: message, body: make([]byte, 1<<20)}
	n := 0
	for o.put(messages, f) {
		n++
	}
	if most := queueBytes[messages] / f.bytes(); n != most {
		t.Errorf("%d frames found room, want %d", n, most)
	}
	if !o.put(urgent, frame{kind: heartbeat}) || !o.put(calls, f) {
		t.Error("one queue fills another one")
	}
	o.take(nil)
	if !o.put(messages, f) {
		t.Error("what was taken still takes room")
	}
}

// A queue that is never empty does not grow.
func TestOutboxReuse(t *testing.T) {
	var q fifo
	for i := range 100_000 {
		q.push(frame{id: uint64(i)})
		if i >= 100 {
			if f := q.pop(); f.id != uint64(i-100) {
				t.Fatalf("the %d. frame is %d", i-100, f.id)
			}
		}
	}
	if cap(q.frames) > 1000 || q.len() != 100 {
		t.Errorf("%d frames in room for %d", q.len(), cap(q.frames))
	}
}
