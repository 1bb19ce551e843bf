package metrics

import "github.com/prometheus/client_golang/prometheus"

// metric is one of the server's metrics, with a value for each combination of its labels.
type metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

func (m metric) put(to chan<- prometheus.Metric, value float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(m.desc, m.kind, value, labels...)
}

// all are the metrics of the variables below, for Describe and for the test of the documentation.
var all []metric

func define(kind prometheus.ValueType, name, help string, labels ...string) metric {
	m := metric{prometheus.NewDesc("rethinkdb_"+name, help, labels, nil), kind}
	all = append(all, m)
	return m
}

func gauge(name, help string, labels ...string) metric {
	return define(prometheus.GaugeValue, name, help, labels...)
}

func counter(name, help string, labels ...string) metric {
	return define(prometheus.CounterValue, name, help, labels...)
}

var (
	serverInfo = gauge("server_info", "1, with the identifier and the name of the server and the version of RethinkDB that it behaves like.", "id", "name", "version")
	startTime  = gauge("start_time_seconds", "When the server was started, in seconds since 1970.")
	issues     = gauge("issues", "Issues that an operator should see, as in current_issues.", "type")

	queriesTotal      = counter("queries_total", "Queries that clients have sent.")
	queriesRunning    = gauge("queries_running", "Queries that run.")
	clients           = gauge("clients", "Clients that are connected; on the web port HTTP connections of drivers and of the page.", "port")
	clientsActive     = gauge("clients_active", "Clients that wait for an answer.")
	cursors           = gauge("cursors_open", "Cursors that clients have not read to their end.")
	feeds             = gauge("feeds_open", "Changefeeds.")
	logIns            = counter("log_ins_total", "Log-ins; with HTTP Basic and bearer tokens each request is one.", "port")
	logInsRefused     = counter("log_ins_refused_total", "Log-ins that were refused, most of them because of a wrong password.", "port")
	peersRefused      = counter("peers_refused_total", "Clients that were refused before they could log in.", "port")
	permissionsDenied = counter("permissions_denied_total", "Changes that were refused for want of a permission.")
	webSessions       = gauge("web_sessions", "Sessions of the administration page.")

	documentsRead    = counter("documents_read_total", "Documents that this server has read.", "db", "table")
	documentsWritten = counter("documents_written_total", "Documents that this server has changed.", "db", "table")
	documents        = gauge("documents", "Documents in the table.", "db", "table")
	tableBytes       = gauge("table_data_bytes", "Estimate of the bytes of the table on disk.", "db", "table")
	indexProgress    = gauge("index_progress", "How much of the secondary index is built, from 0 to 1; 1 is ready.", "db", "table", "index")

	memoryBytes   = gauge("memory_bytes", "Resident memory of the process.")
	cacheBytes    = gauge("cache_bytes", "Memory that the cache of documents and blocks takes.")
	cacheSize     = gauge("cache_size_bytes", "Memory that the cache may take.")
	cacheHits     = counter("cache_hits_total", "Blocks that were in the cache.")
	cacheMisses   = counter("cache_misses_total", "Blocks that had to be read from disk.")
	memtableBytes = gauge("memtable_bytes", "Changes in memory that are in the log on disk, but not yet in sorted files.")

	diskBytes         = gauge("disk_bytes", "Bytes of all files of the store.")
	logBytes          = gauge("disk_log_bytes", "Bytes of its write-ahead log.")
	diskFree          = gauge("disk_free_bytes", "Bytes that are free on the file system of the data.")
	diskTotal         = gauge("disk_total_bytes", "Bytes of that file system.")
	flushes           = counter("flushes_total", "Times that changes in memory were written into a sorted file.")
	compactions       = counter("compactions_total", "Times that sorted files were merged.")
	compactionDebt    = gauge("compaction_debt_bytes", "Estimate of the bytes that have yet to be merged.")
	readAmplification = gauge("read_amplification", "Sorted runs that a read may have to look at.")
	writeStalls       = counter("write_stalls_total", "Times that writes had to wait for the storage engine.")
	storageErrors     = counter("storage_errors_total", "Errors of the storage engine's work in the background.")
	corruptions       = counter("storage_corruptions_total", "Damage that was found in files.")
	durableBatches    = counter("durable_batches_total", "Batches of writes that were waited for until they were on disk.")
)
