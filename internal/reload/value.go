package reload

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// lookInterval is how often the files are looked at while the value is in use.
const lookInterval = time.Second

// A Value is what some files say. Its methods may be called at the same time.
type Value[T any] struct {
	// Set by Open, then constant.
	paths  []string
	read   func() (T, error)
	report func(error)

	value atomic.Pointer[T]

	mu    sync.Mutex   // held while the files are looked at, which one caller does in a second
	next  atomic.Int64 // when to look at the files again, in nanoseconds of Unix time
	stamp string       // of the files when they were last read
}

// Open reads the value. Whenever the files have changed later, read is called again: report then hears that the new value is in
// use, or why it cannot be and the old one stays. read sees to the files at the paths and no others.
func Open[T any](paths []string, read func() (T, error), report func(error)) (*Value[T], error) {
	v := &Value[T]{paths: paths, read: read, report: report}
	stamp, err := v.look()
	if err != nil {
		return nil, err
	}
	value, err := read()
	if err != nil {
		return nil, err
	}
	v.value.Store(&value)
	v.stamp = stamp
	v.next.Store(time.Now().Add(lookInterval).UnixNano())
	return v, nil
}

// Newest returns the value of the files, as they were at most a second ago.
func (v *Value[T]) Newest() T {
	if time.Now().UnixNano() >= v.next.Load() {
		v.Refresh()
	}
	return *v.value.Load()
}

// Refresh looks at the files now. When they cannot be used the old value stays: files are often renewed in several steps.
func (v *Value[T]) Refresh() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.next.Store(time.Now().Add(lookInterval).UnixNano())
	stamp, err := v.look()
	if err == nil && stamp == v.stamp {
		return
	}
	var value T
	if err == nil {
		value, err = v.read()
	}
	failedBefore := stamp == "" && v.stamp == ""
	v.stamp = stamp // a failure is reported once, until the files change again
	if err == nil {
		v.value.Store(&value)
	}
	if !failedBefore {
		v.report(err)
	}
}

// look tells whether the files have changed, by a text that is never empty.
func (v *Value[T]) look() (string, error) {
	stamp := "."
	for _, path := range v.paths {
		info, err := os.Stat(path)
		if err != nil {
			return "", err
		}
		stamp += fmt.Sprint(info.ModTime().UnixNano(), info.Size(), ";")
	}
	return stamp, nil
}
