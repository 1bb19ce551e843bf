package server

import (
	"crypto/tls"
	"fmt"

	"rethinkdb/internal/certificate"
)

// openCertificates reads the certificates of the ports that have one.
func (n *node) openCertificates() (err error) {
	if n.driverTLS, err = n.openCertificate("driver", n.config.DriverTLS); err != nil {
		return err
	}
	if n.webTLS, err = n.openCertificate("web", n.config.WebTLS); err != nil {
		return err
	}
	n.clusterTLS, err = n.openCertificate("cluster", n.config.ClusterTLS)
	return err
}

// openCertificate gives nil for a port without TLS.
func (n *node) openCertificate(port string, f certificate.Files) (*certificate.Source, error) {
	if f.Key == "" {
		return nil, nil
	}
	s, err := certificate.Open(certificate.Options{Files: f, Settings: n.config.TLS}, n.log)
	if err != nil {
		return nil, fmt.Errorf("Could not use the TLS certificate of the %s port: %w. Check the files and the --%s-tls options.", port, err, optionPrefix(port))
	}
	return s, nil
}

func optionPrefix(port string) string {
	if port == "web" {
		return "http"
	}
	return port
}

// tlsConfig is nil for a port without TLS.
func tlsConfig(s *certificate.Source) *tls.Config {
	if s == nil {
		return nil
	}
	return s.Config()
}

// refreshCertificates reads the certificates, and the cluster secret, again if they have changed.
func (n *node) refreshCertificates() {
	for _, s := range []*certificate.Source{n.driverTLS, n.webTLS, n.clusterTLS} {
		if s != nil {
			s.Refresh()
		}
	}
	if n.secret != nil {
		n.secret.Refresh()
	}
}
