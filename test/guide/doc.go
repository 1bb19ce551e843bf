// Package guide does, under the build tag guide, what RethinkDB's guide to securing a server says and what docs/security.md and
// docs/proxies.md make of it, as a person would: with iptables, ssh, Apache, nginx, Caddy and a browser, on hosts that are network
// namespaces. What it runs stands on those pages, word for word. It needs root and Linux, and the Debian packages in .ci/run.
package guide
