// Package page does, under the build tag page, what people do with the administration page: in Chromium, with the real program
// behind it. Each file *.spec.js is about one screen and has a server of its own; scenario.js says how they are written. It needs
// node, Debian's chromium, and npm ci in this directory.
package page
