package session

import (
	"context"
	"net/netip"

	"rethinkdb/internal/access"
	"rethinkdb/internal/reql"
)

// Client is who asks.
type Client struct {
	User string
	Addr netip.AddrPort
	// Port is the one that the client has connected to.
	Port access.Port
	// EmptyBatches says that a feed without news answers CONTINUE with an empty batch after max_batch_seconds, instead
	// of waiting: over HTTP and in V0_3, where waiting would block the client.
	EmptyBatches bool
	// Hops counts the servers that have sent the query on to this one.
	Hops int
}

// Engine runs queries. The executor implements it; tests have their own.
type Engine interface {
	// Open is called once for each session.
	Open(c Client) Compiler
	// AppendServerInfo appends the object that answers SERVER_INFO.
	AppendServerInfo(dst []byte) []byte
}

// Compiler makes plans for one client. It may be called from several goroutines.
type Compiler interface {
	// Compile makes the plan of a Start query. What is wrong with the query surfaces when the plan runs.
	Compile(q *reql.Query) Plan
}

// Plan is a query that is ready to run, once.
type Plan interface {
	// Quick says that the plan is bounded and so short that it may run on the goroutine that reads requests.
	Quick() bool
	// Start appends the whole response, a JSON object. The cursor is not nil if and only if that response is a
	// SUCCESS_PARTIAL.
	Start(ctx context.Context, dst []byte) (out []byte, cursor Cursor)
}

// Trier is what a Plan that is not quick implements in addition if it may turn out to be so.
type Trier interface {
	// Brief says that the plan is worth a try.
	Brief() bool
	// Try is Start with a bound on its work. When it comes to the bound, done is false and dst is as it was; then Start is
	// still to be called.
	Try(ctx context.Context, dst []byte) (out []byte, cursor Cursor, done bool)
}

// Waiter is what a Plan implements in addition if it may be quick but for a wait for the disk.
type Waiter interface{ Waits() bool }

// Cursor gives the rest of a result.
type Cursor interface {
	// Next appends the whole response with the next batch. The cursor is used up when more is false.
	Next(ctx context.Context, dst []byte) (out []byte, more bool)
	// Close frees what the cursor holds. It is called once, also after the last batch, and never during Next.
	Close()
}

// Feed is what a Cursor implements in addition if it waits for changes for as long as the client wishes. While it waits it has
// no goroutine and does not count against the client's parallel queries. Its Next never waits: it appends nothing when there
// is nothing, and may be called without a reason.
type Feed interface {
	Cursor
	// Wait makes wake be called once, as soon as Next may have something, and returns true. It returns false when that is so
	// already. Any goroutine may call wake, also before Wait returns; wake does not block. Close may be called during Wait.
	Wait(wake func()) bool
	// Quick tells that Next never takes long, so that it may run on the goroutine that reads requests.
	Quick() bool
}
