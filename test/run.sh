#!/usr/bin/env bash
# The whole test suite in one command: test/run.sh
# It installs what the tests need and is missing: node (Debian package) and the published drivers (npm packages).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# debian PROGRAM PACKAGE... installs Debian packages when a program is missing.
debian() {
	local program=$1
	shift
	if command -v "$program" >/dev/null; then
		return
	fi
	if ! command -v apt-get >/dev/null; then
		echo "test/run.sh: the tests need $program; install it and try again" >&2
		exit 1
	fi
	local root=()
	if [ "$(id -u)" -ne 0 ]; then
		root=(sudo)
	fi
	"${root[@]}" apt-get update -q
	"${root[@]}" apt-get install -q -y --no-install-recommends "$@"
}

debian node nodejs npm
debian npm npm
(cd test/drivers && npm ci --silent)

# Built once for all suites; each would build it for itself otherwise.
if [ -z "${RETHINKDB_BINARY:-}" ]; then
	binary=$(mktemp -d)
	trap 'rm -rf "$binary"' EXIT
	export RETHINKDB_BINARY=$binary/rethinkdb
	go build -o "$RETHINKDB_BINARY" ./cmd/rethinkdb
fi

# Both halves run, whatever the first one finds.
status=0
go test ./... || status=1
go test -tags integration -count=1 -timeout 20m ./test/... || status=1
exit $status
