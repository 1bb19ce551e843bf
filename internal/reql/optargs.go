package reql

import (
	"maps"
	"slices"
)

// globalOptArgs are the names that may stand in the third element of a query. Every optional argument of a term
// may also be given for the whole query.
var globalOptArgs = func() map[string]bool {
	m := map[string]bool{}
	for _, n := range [...]string{
		"_EVAL_FLAGS_", "_NO_RECURSE_", "_SHORTCUT_", "array_limit", "attempts", "auth", "base", "binary_format",
		"changefeed_queue_size", "conflict", "data", "db", "default", "default_timezone", "dry_run", "durability",
		"emergency_repair", "emit", "explain", "fill", "final_emit", "first_batch_scaledown_factor", "float", "geo", "geo_system",
		"group_format", "header", "identifier_format", "ignore_write_hook", "include_initial", "include_offsets",
		"include_states", "include_types", "index", "interleave", "ordered", "left_bound", "max_batch_bytes",
		"max_batch_rows", "max_batch_seconds", "max_dist", "max_results", "method", "min_batch_rows", "multi",
		"non_atomic", "nonvoting_replica_tags", "noreply", "num_vertices", "overwrite", "page", "page_limit", "params",
		"primary_key", "primary_replica_tag", "profile", "read_mode", "redirects", "replicas", "result_format",
		"return_changes", "return_vals", "right_bound", "shards", "squash", "time_format", "timeout", "unit",
		"use_outdated", "verify", "wait_for",
	} {
		m[n] = true
	}
	return m
}()

// PartOption is the name of one more, with which servers ask each other for parts of an answer; see package exec. In queries of
// clients it has no effect.
const PartOption = "_PART_"

// GlobalOptArgs gives the names, sorted.
func GlobalOptArgs() []string { return slices.Sorted(maps.Keys(globalOptArgs)) }
