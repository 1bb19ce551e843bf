package table

// Remote reaches parts whose primary replicas are on other servers.
type Remote interface{}
