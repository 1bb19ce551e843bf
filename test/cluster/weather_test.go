//go:build cluster

package cluster

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"rethinkdb/test/harness"
)

// A weather is what happens to frames on their way. Frames that wait for different times overtake each other.
type weather struct {
	delay, more   time.Duration // each waits for the first, and up to as much more as the second
	lost, doubled float64       // how likely it is
}

var (
	fair  = weather{delay: time.Millisecond}
	poor  = weather{delay: 5 * time.Millisecond, more: 10 * time.Millisecond, lost: 0.01, doubled: 0.01}
	awful = weather{delay: 20 * time.Millisecond, more: 60 * time.Millisecond, lost: 0.08, doubled: 0.05}
)

// An exchange is a switch for Ethernet like that of the kernel, only that frames meet a weather in it. (Not every kernel has netem.)
type exchange struct {
	weather atomic.Pointer[weather]
	ports   []*os.File
	wg      sync.WaitGroup
	waiting atomic.Int64 // frames

	mu     sync.Mutex // guards what follows
	closed bool
	at     map[[6]byte]int // the port behind which an address is
}

const (
	// maxFrames that wait; more are lost.
	maxFrames = 4096
	// frameHead is what the kernel says of a frame in front of it: the checksums that are still to be made, and into what it is to be cut.
	frameHead     = 10
	maxFrameBytes = frameHead + 128<<10
)

// startExchange connects the ends of cables on a host.
func startExchange(t *testing.T, on harness.Host, cables []string) *exchange {
	t.Helper()
	x := &exchange{at: map[[6]byte]int{}}
	x.weather.Store(&fair)
	for _, cable := range cables {
		var port *os.File
		if err := on.Do(func() (err error) { port, err = openCable(cable); return err }); err != nil {
			t.Fatal(err)
		}
		x.ports = append(x.ports, port)
	}
	t.Cleanup(x.close)
	for i := range x.ports {
		x.wg.Go(func() { x.listen(i) })
	}
	return x
}

// openCable opens a device of this thread's host for frames.
func openCable(name string) (*os.File, error) {
	device, err := net.InterfaceByName(name)
	if err != nil {
		return nil, err
	}
	const allProtocols = unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8 // in the order of the network
	s, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	for _, option := range []int{unix.PACKET_VNET_HDR, unix.PACKET_IGNORE_OUTGOING} {
		if err == nil {
			err = unix.SetsockoptInt(s, unix.SOL_PACKET, option, 1)
		}
	}
	if err == nil {
		err = unix.Bind(s, &unix.SockaddrLinklayer{Protocol: allProtocols, Ifindex: device.Index})
	}
	if err != nil {
		_ = unix.Close(s)
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	return os.NewFile(uintptr(s), name), nil
}

func (x *exchange) close() {
	x.mu.Lock()
	x.closed = true
	x.mu.Unlock()
	for _, p := range x.ports {
		_ = p.Close() // nothing is on its way that anybody needs
	}
	x.wg.Wait()
}

// listen passes on what comes to a port, until it is closed.
func (x *exchange) listen(port int) {
	buf := make([]byte, maxFrameBytes)
	for {
		n, err := x.ports[port].Read(buf)
		if err != nil {
			return
		}
		if n > frameHead+12 {
			for _, to := range x.targets(port, [6]byte(buf[frameHead:]), [6]byte(buf[frameHead+6:])) {
				x.send(to, append([]byte(nil), buf[:n]...))
			}
		}
	}
}

// targets are the ports that a frame goes to.
func (x *exchange) targets(port int, to, from [6]byte) (list []int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.at[from] = port
	if target, known := x.at[to]; known {
		return []int{target}
	}
	for i := range x.ports {
		if i != port {
			list = append(list, i)
		}
	}
	return list
}

func (x *exchange) send(port int, frame []byte) {
	w := *x.weather.Load()
	times := 1
	if rand.Float64() < w.lost {
		times--
	}
	if rand.Float64() < w.doubled {
		times++
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for range times {
		if x.closed || x.waiting.Load() >= maxFrames {
			return
		}
		x.waiting.Add(1)
		x.wg.Add(1)
		time.AfterFunc(w.delay+time.Duration(rand.Int64N(int64(w.more)+1)), func() {
			defer x.wg.Done()
			defer x.waiting.Add(-1)
			_, _ = x.ports[port].Write(frame) // one that cannot be sent is lost
		})
	}
}

// startFar is startApart with an exchange between the servers.
func startFar(t *testing.T, names ...string) ([]*server, *exchange) {
	t.Helper()
	list, middle, cables := layOut(t, names...)
	return list, startExchange(t, middle, cables)
}

// The network is slow and loses, doubles and disorders what it is given, while servers are killed and tables are reconfigured.
func TestBadWeather(t *testing.T) {
	all, x := startFar(t, "a", "b", "c")
	for _, s := range all {
		s.start()
	}
	awaitAll(all)
	for round := range *long {
		name := fmt.Sprintf("w%d", round)
		for _, table := range []string{name, name + "r"} {
			all[0].createTable(table, 3)
			for _, m := range all {
				m.await("the table", harness.Term(harness.Count, tableAt(table, "single")), "0")
			}
		}
		writes, registers := startInserts(t, name, 6, all...), startRegisters(t, name+"r", 6, all...)
		for i, w := range []weather{poor, awful, poor} {
			x.weather.Store(&w)
			tally.fault("weather")
			for _, table := range []string{name, name + "r"} {
				all[0].assign(table, all[i], all[(i+1)%3], all[(i+2)%3])
			}
			writes.progress(50)
			tally.fault("kill")
			all[i].kill()
			writes.progress(50)
			all[i].start()
			writes.progress(50)
			registers.progress(50)
		}
		x.weather.Store(&fair)
		registers.check()
		writes.check(all...)
	}
}
