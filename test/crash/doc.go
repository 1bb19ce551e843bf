// Package crash kills a server under concurrent load, again and again, and checks after each restart that nothing which was
// acknowledged as durable is lost and that the counts agree with the rows.
package crash
