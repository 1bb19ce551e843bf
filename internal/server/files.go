package server

import "golang.org/x/sys/unix"

// storeFiles is how many files the store and all else that is no connection may have open. Pebble keeps up to 1,000 table files
// open; when it cannot create the next one, or a log file, it ends the process.
const storeFiles = 1500

// connectionLimits divides the file descriptors that the store leaves among the connections of drivers and of browsers.
func connectionLimits() (drivers, browsers int) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, 0
	}
	// The runtime has raised the limit to what it may be raised to.
	return divideFiles(int(min(limit.Cur, 1<<30)))
}

func divideFiles(files int) (drivers, browsers int) {
	left := files - min(storeFiles, files/2)
	browsers = left / 8
	return left - browsers, browsers
}
