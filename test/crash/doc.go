// Package crash kills a server under concurrent load, again and again, and checks after each restart that nothing which was
// acknowledged as durable is lost, that the counts agree with the rows, and that feeds go on exactly where they were.
//
// The suite kills it a few times. For longer:
//
//	go test -tags integration -timeout 30m ./test/crash -run Resumes -resume-rounds 1000
//
// takes eight minutes on two busy processors.
package crash
