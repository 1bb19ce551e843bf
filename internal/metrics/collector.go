package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"rethinkdb/internal/access"
	"rethinkdb/internal/audit"
	"rethinkdb/internal/system"
)

// collectTime bounds the counting of rows, which waits for nobody on a server that works.
const collectTime = 10 * time.Second

// collector asks the sources for each request.
type collector struct{ from Sources }

// Describe implements prometheus.Collector.
func (collector) Describe(to chan<- *prometheus.Desc) {
	for _, m := range all {
		to <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectTime)
	defer cancel()
	figures, err := c.from.System.Figures(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(documents.desc, err)
		return
	}
	serverInfo.put(to, 1, figures.ServerID, figures.ServerName, c.from.Version)
	startTime.put(to, float64(c.from.Started.UnixMilli())/1000)
	queriesTotal.put(to, float64(figures.Queries))
	for kind, n := range figures.Issues {
		issues.put(to, float64(n), kind)
	}
	for i := range figures.Tables {
		collectTable(to, &figures.Tables[i])
	}
	c.collectClients(to)
	c.collectStorage(to)
}

func collectTable(to chan<- prometheus.Metric, t *system.TableFigures) {
	documentsRead.put(to, float64(t.RowsRead), t.Database, t.Name)
	documentsWritten.put(to, float64(t.RowsWritten), t.Database, t.Name)
	documents.put(to, float64(t.Documents), t.Database, t.Name)
	tableBytes.put(to, float64(t.DataBytes), t.Database, t.Name)
	for _, x := range t.Indexes {
		indexProgress.put(to, x.Progress, t.Database, t.Name, x.Name)
	}
}

func (c collector) collectClients(to chan<- prometheus.Metric) {
	census := c.from.Sessions.Census()
	counts := c.from.Audit.Counts()
	for _, port := range []access.Port{access.Driver, access.Web, access.Cluster} {
		of := func(kind audit.Kind) float64 { return float64(counts[audit.Count{Kind: kind, Port: port.String()}]) }
		clients.put(to, float64(census.Clients[port]), port.String())
		logIns.put(to, of(audit.LogIn), port.String())
		logInsRefused.put(to, of(audit.LogInRefused), port.String())
		peersRefused.put(to, of(audit.PeerRefused), port.String())
	}
	denied := 0.0
	for count, n := range counts {
		if count.Kind == audit.Denied {
			denied += float64(n)
		}
	}
	permissionsDenied.put(to, denied)
	clientsActive.put(to, float64(census.Active))
	queriesRunning.put(to, float64(census.Queries))
	cursors.put(to, float64(census.Cursors))
	feeds.put(to, float64(census.Feeds))
	webSessions.put(to, float64(len(c.from.LogIns.List())))
}

func (c collector) collectStorage(to chan<- prometheus.Metric) {
	m, usage := c.from.Store.Metrics(), c.from.Usage()
	memoryBytes.put(to, float64(usage.MemoryBytes))
	cacheBytes.put(to, float64(m.CacheBytes))
	cacheSize.put(to, float64(m.CacheCapacityBytes))
	cacheHits.put(to, float64(m.CacheHits))
	cacheMisses.put(to, float64(m.CacheMisses))
	memtableBytes.put(to, float64(m.MemtableBytes))
	diskBytes.put(to, float64(m.DiskBytes))
	logBytes.put(to, float64(m.LogBytes))
	diskFree.put(to, float64(usage.DiskFreeBytes))
	diskTotal.put(to, float64(usage.DiskTotalBytes))
	flushes.put(to, float64(m.Flushes))
	compactions.put(to, float64(m.Compactions))
	compactionDebt.put(to, float64(m.CompactionDebt))
	readAmplification.put(to, float64(m.ReadAmplification))
	writeStalls.put(to, float64(m.WriteStalls))
	storageErrors.put(to, float64(m.BackgroundErrors))
	corruptions.put(to, float64(m.Corruptions))
	durableBatches.put(to, float64(m.SyncedBatches))
}
