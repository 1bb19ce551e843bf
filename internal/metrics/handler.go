package metrics

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"rethinkdb/internal/audit"
	"rethinkdb/internal/login"
	"rethinkdb/internal/session"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/system"
)

// Sources are those who know. All are required.
type Sources struct {
	Version string
	Started time.Time
	System  interface {
		Figures(context.Context) (system.Figures, error)
	}
	Sessions interface{ Census() session.Census }
	LogIns   interface{ List() []login.Session }
	Audit    interface{ Counts() map[audit.Count]int64 }
	Store    interface{ Metrics() storage.Metrics }
	Usage    func() system.Usage
	Logger   *slog.Logger
}

// maxRequests may be under way at the same time; further ones are told to come again. A server is watched by one or two programs.
const maxRequests = 4

// NewHandler makes what answers requests for metrics.
func NewHandler(s Sources) (http.Handler, error) {
	registry := prometheus.NewRegistry()
	for _, c := range []prometheus.Collector{
		collector{s}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(s.Logger.Handler(), slog.LevelWarn), MaxRequestsInFlight: maxRequests,
	}), nil
}
