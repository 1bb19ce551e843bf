package selfcheck

import "time"

// ServerReport says of the whole server how it is closed.
type ServerReport struct {
	ProtectedMode string // its option
	Password      bool   // admin has one
	AuditLog      bool   // it is kept in a file
	Encrypted     bool   // the data directory is
	// Networks are those that allow-lists may begin with: the private ones that the machine is in, or all private ones.
	Networks     []string
	Certificates []Certificate
}

// Certificate is one that a port shows, or with which it knows others.
type Certificate struct {
	File    string
	Expires time.Time
}

func (f *Facts) server() ServerReport {
	r := ServerReport{
		ProtectedMode: f.Mode.String(), Password: f.admin().Password, AuditLog: f.AuditLog, Encrypted: f.Encrypted, Networks: networkTexts(f.ownNetworks()),
	}
	for _, c := range f.Certificates {
		r.Certificates = append(r.Certificates, Certificate{c.File, c.NotAfter})
	}
	return r
}
