package cluster

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testing1 Class = 1

func TestThreeServersConnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		a, b, c := newServer(t, n, "a"), newServer(t, n, "b"), newServer(t, n, "c")
		join(t, a, b, c)
		synctest.Wait() // until all is said
		for _, s := range []*server{a, b, c} {
			if s.log.count("Connected to server") != 2 || s.log.count("Disconnected") != 0 || s.log.count("WARN") != 0 {
				t.Errorf("%s says\n%s", s.name, s.log)
			}
		}
		link := a.mesh.Connected()[1]
		if link.Name != "c" || link.ID != "id-c" || link.Fingerprint != c.self().Fingerprint || link.Since.IsZero() {
			t.Errorf("%+v", link)
		}
	})
}

// Messages arrive in the order of their sending, and whole.
func TestMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		a, b := newServer(t, n, "a"), newServer(t, n, "b")
		got := make(chan []byte, 1000)
		b.mesh.HandleMessages(testing1, func(from ServerID, text []byte) {
			if from != "id-a" {
				t.Errorf("from %s", from)
			}
			got <- text
		})
		if err := a.mesh.Send("id-b", testing1, []byte("early")); !errors.Is(err, ErrNotConnected) {
			t.Error(err)
		}
		join(t, a, b)
		for i := range 1000 {
			if err := a.mesh.Send("id-b", testing1, slices.Repeat([]byte{byte(i)}, i*20)); err != nil {
				t.Fatal(i, err)
			}
		}
		for i := range 1000 {
			if text := <-got; len(text) != i*20 || i > 0 && text[len(text)-1] != byte(i) {
				t.Fatalf("message %d has %d bytes", i, len(text))
			}
		}
		if err := a.mesh.Send("id-b", 77, []byte("of a class that nobody takes")); err != nil {
			t.Error(err)
		}
		if err := a.mesh.Send("id-b", testing1, make([]byte, MaxMessageBytes+1)); !errors.Is(err, ErrTooLong) {
			t.Error(err)
		}
		if err := a.mesh.Send("id-b", testing1, make([]byte, MaxMessageBytes)); err != nil || len(<-got) != MaxMessageBytes {
			t.Error("the longest message", err)
		}
	})
}

// A connection that ends is noticed at once, and made anew.
func TestLostConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		a, b := newServer(t, n, "a"), newServer(t, n, "b")
		join(t, a, b)
		time.Sleep(time.Minute) // of the bubble's time
		start := time.Now()
		lost := a.mesh.Changed()
		cut(b.mesh.link("id-a").bulk.conn)
		<-lost
		if d := time.Since(start); d != 0 {
			t.Errorf("noticed after %v", d)
		}
		a.await(1)
		b.await(1)
		if d := time.Since(start); d > time.Second {
			t.Errorf("connected again after %v", d)
		}
		if lost := a.lostPeers(); !slices.Equal(lost, []ServerID{"id-b"}) || a.log.count(`Disconnected from server "b" id-b`) != 1 {
			t.Errorf("%v\n%s", lost, a.log)
		}
	})
}

// A server that says nothing any more, as one that is stopped, is given up after the heartbeat timeout.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		a, b := newServer(t, n, "a"), newServer(t, n, "b")
		join(t, a, b)
		time.Sleep(time.Hour) // of the bubble's time: heartbeats alone keep the link up
		if len(a.lostPeers())+len(b.lostPeers()) > 0 {
			t.Fatalf("an idle link was given up\n%s", a.log)
		}
		start := time.Now()
		lost := a.mesh.Changed()
		n.block("a", "b", true)
		n.block("b", "a", true)
		n.silence("a", "b")
		<-lost
		if d := time.Since(start); d < 8*time.Second || d > 12*time.Second {
			t.Errorf("noticed after %v", d)
		}
		if a.log.count("Heartbeat timeout, killing connection to peer") != 1 {
			t.Errorf("%s", a.log)
		}
		time.Sleep(10 * time.Minute)
		n.block("a", "b", false)
		start = time.Now()
		a.await(1)
		b.await(1)
		if d := time.Since(start); d > maxPause*5/4 {
			t.Errorf("connected again after %v", d)
		}
		if a.log.count("Could not connect") != 1 { // the same reason each time
			t.Errorf("%s", a.log)
		}
	})
}

// A server that lives but does not read holds nobody up; what it does not take is lost, and its link in the end.
func TestServerThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		a, b := newServer(t, n, "a"), newServer(t, n, "b")
		stop := make(chan struct{})
		b.mesh.HandleMessages(testing1, func(ServerID, []byte) { <-stop })
		join(t, a, b)
		start, lost := time.Now(), a.mesh.Changed()
		text := make([]byte, 1<<20)
		var err error
		sent := 0
		for ; err == nil && sent < 1000; sent++ {
			err = a.mesh.Send("id-b", testing1, text)
		}
		if !errors.Is(err, ErrCrowded) || sent > 40 || time.Since(start) != 0 {
			t.Errorf("%v after %d messages and %v", err, sent, time.Since(start))
		}
		<-lost
		if d := time.Since(start); d > 15*time.Second {
			t.Errorf("given up after %v", d)
		}
		close(stop)
	})
}

// The handler of messages may take its time without the link being given up, as long as the other side need not wait to write.
func TestSlowHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		a, b := newServer(t, n, "a"), newServer(t, n, "b")
		done := make(chan struct{})
		b.mesh.HandleMessages(testing1, func(ServerID, []byte) {
			time.Sleep(9 * time.Second)
			close(done)
		})
		join(t, a, b)
		if err := a.mesh.Send("id-b", testing1, nil); err != nil {
			t.Fatal(err)
		}
		<-done
		time.Sleep(time.Minute)
		if len(a.lostPeers())+len(b.lostPeers()) > 0 {
			t.Errorf("%s%s", a.log, b.log)
		}
	})
}

// A server that crashed and is back before anybody has noticed takes the place of what it was.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		a, b := newServer(t, n, "a"), newServer(t, n, "b")
		join(t, a, b)
		synctest.Wait()     // until nobody calls any more
		n.silence("a", "b") // so that nobody hears of the end
		start := time.Now()
		b.restart(membersOf(a, b))
		b.await(1)
		if d := time.Since(start); d > time.Second {
			t.Errorf("connected after %v", d)
		}
		if lost := a.lostPeers(); len(lost) != 1 {
			t.Errorf("a has lost %v\n%s", lost, a.log)
		}
		time.Sleep(time.Minute)
		if len(a.mesh.Connected()) != 1 || len(a.lostPeers()) != 1 {
			t.Errorf("a minute later:\n%s", a.log)
		}
	})
}

// A link of which one side knows that it is over is replaced, although the other side has not noticed.
func TestLostOnOneSide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		a, b := newServer(t, n, "a"), newServer(t, n, "b")
		join(t, a, b)
		synctest.Wait() // until nobody calls any more
		n.silence("a", "b")
		start, changed := time.Now(), b.mesh.Changed()
		b.mesh.link("id-a").end(errSilent)
		<-changed
		b.await(1)
		if d := time.Since(start); d > time.Second {
			t.Errorf("connected after %v", d)
		}
		a.await(1)
		if len(a.lostPeers()) != 1 {
			t.Errorf("%v\n%s", a.lostPeers(), a.log)
		}
	})
}

// One direction is enough: whoever can, connects.
func TestOneWay(t *testing.T) {
	for _, blocked := range []string{"a", "b"} {
		synctest.Test(t, func(t *testing.T) {
			n := newNetwork(t)
			a, b := newServer(t, n, "a"), newServer(t, n, "b")
			n.block(blocked, map[string]string{"a": "b", "b": "a"}[blocked], true)
			join(t, a, b)
		})
	}
}

func TestRemovedMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		a, b, c := newServer(t, n, "a"), newServer(t, n, "b"), newServer(t, n, "c")
		join(t, a, b, c)
		a.mesh.SetMembers(membersOf(a, b))
		a.await(1)
		time.Sleep(time.Minute)
		if list := a.mesh.Connected(); len(list) != 1 || list[0].Name != "b" {
			t.Errorf("%v", list)
		}
		if c.log.count("Remote node refused to connect with us") != 1 || c.log.count("does not know") != 1 {
			t.Errorf("%s", c.log)
		}
		a.mesh.SetMembers(membersOf(a, b, c))
		a.await(2)
	})
}

// Nobody is a member by its name alone.
func TestImpostor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		a, b, c := newServer(t, n, "a"), newServer(t, n, "b"), newServer(t, n, "c")
		a.mesh.SetMembers(membersOf(a, b)) // b is not there
		c.record.ID, c.record.Name = "id-b", "b"
		c.mesh.SetMembers(membersOf(a, c))
		time.Sleep(time.Minute)
		if len(a.mesh.Connected()) != 0 || a.log.count("is known by") != 1 {
			t.Errorf("%v\n%s", a.mesh.Connected(), a.log)
		}
		// Nor is there one where a member should be, but another one is.
		b.mesh.SetMembers(nil)
		list := membersOf(a, b)
		list[1].Addresses = []string{"c", "b"}
		c.record.ID = "id-c"
		a.mesh.SetMembers(list)
		b.mesh.SetMembers(membersOf(a, b))
		a.await(1)
	})
}

// A member of another cluster is not one of this cluster.
func TestOtherCluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		a, b := newServer(t, n, "a"), newServer(t, n, "b")
		b.record.Cluster = "another one"
		a.mesh.SetMembers(membersOf(a, b))
		b.mesh.SetMembers(membersOf(a, b))
		time.Sleep(time.Minute)
		if len(a.mesh.Connected()) != 0 || a.log.count("belongs to another cluster") == 0 || b.log.count("belongs to another cluster") == 0 {
			t.Errorf("%v\n%s%s", a.mesh.Connected(), a.log, b.log)
		}
	})
}

// A member that was away for too long has to call itself.
func TestReconnectTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		a, b := newServer(t, n, "a"), newServer(t, n, "b")
		n.block("a", "b", true)
		n.block("b", "a", true)
		a.mesh.SetMembers(membersOf(a, b))
		time.Sleep(25 * time.Hour)
		if a.log.count("Gave up connecting to server") != 1 {
			t.Errorf("%s", a.log)
		}
		n.block("a", "b", false)
		b.mesh.SetMembers(membersOf(a, b))
		time.Sleep(time.Hour)
		if len(a.mesh.Connected()) != 0 {
			t.Error("a goes on")
		}
		n.block("b", "a", false)
		b.await(1)
		b.mesh.link("id-a").end(errSilent)
		n.block("b", "a", true)
		time.Sleep(time.Minute)
		a.await(1) // now it calls again
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		a, b := newServer(t, n, "a"), newServer(t, n, "b")
		ended := make(chan error, 1)
		b.mesh.HandleCall("wait", func(ctx context.Context, _ ServerID, _ []byte) ([]byte, error) {
			<-ctx.Done()
			ended <- context.Cause(ctx)
			return nil, ctx.Err()
		})
		join(t, a, b)
		result := make(chan error, 1)
		go func() {
			_, err := a.mesh.Call(t.Context(), "id-b", "wait", nil)
			result <- err
		}()
		synctest.Wait()
		start := time.Now()
		b.mesh.Close()
		if err := <-ended; !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		if err := <-result; !errors.Is(err, ErrLost) || time.Since(start) != 0 {
			t.Error(err, time.Since(start))
		}
		b.mesh.SetMembers(membersOf(a, b))
	})
}
