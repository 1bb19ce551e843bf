package cli

import (
	"rethinkdb/internal/certificate"
	"rethinkdb/internal/server"
)

// tls reads the keys and certificates of the ports. The texts are RethinkDB's.
func (s settings) tls(c *server.Config) error {
	c.WebTLS = certificate.Files{Key: s.path("--http-tls-key"), Cert: s.path("--http-tls-cert")}
	c.DriverTLS = certificate.Files{Key: s.path("--driver-tls-key"), Cert: s.path("--driver-tls-cert"), CA: s.path("--driver-tls-ca")}
	var err error
	if c.ClusterTLS, err = s.clusterTLS(); err != nil {
		return err
	}
	switch web, driver := c.WebTLS, c.DriverTLS; {
	case (web.Key == "") != (web.Cert == ""):
		return refusef("--http-tls-key and --http-tls-cert must be specified together.")
	case (driver.Key == "") != (driver.Cert == ""):
		return refusef("--driver-tls-key and --driver-tls-cert must be specified together.")
	case driver.CA != "" && driver.Key == "":
		return refusef("--driver-tls-key and --driver-tls-cert must be specified if --driver-tls-ca is specified.")
	}
	for _, set := range []struct {
		by   func(string) error
		long string
	}{
		{c.TLS.SetMinVersion, "--tls-min-protocol"},
		{c.TLS.SetCiphers, "--tls-ciphers"},
		{c.TLS.SetCurve, "--tls-ecdh-curve"},
	} {
		if err := set.by(s.one(set.long)); err != nil {
			return refusal(err.Error())
		}
	}
	return nil
}

// clusterTLS reads what the intracluster port needs all of, or nothing.
func (s settings) clusterTLS() (certificate.Files, error) {
	f := certificate.Files{Key: s.path("--cluster-tls-key"), Cert: s.path("--cluster-tls-cert"), CA: s.path("--cluster-tls-ca")}
	if given := f.Key != "" || f.Cert != "" || f.CA != ""; given && (f.Key == "" || f.Cert == "" || f.CA == "") {
		return f, refusef("--cluster-tls-key, --cluster-tls-cert, and --cluster-tls-ca must be specified together.")
	}
	return f, nil
}
