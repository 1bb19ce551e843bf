package selfcheck

import (
	"encoding/json"
	"time"
)

// MarshalText makes a severity its name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// JSON is the report for a program, with the names of the rows of security_status.
func (r Report) JSON() ([]byte, error) {
	type certificate struct {
		File      string    `json:"file"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	type server struct {
		ProtectedMode string        `json:"protected_mode"`
		Password      bool          `json:"password"`
		AuditLog      bool          `json:"audit_log"`
		Encrypted     bool          `json:"encrypted"`
		Networks      []string      `json:"networks"`
		Certificates  []certificate `json:"certificates"`
	}
	type port struct {
		Port      string   `json:"port"`
		Open      bool     `json:"open"`
		Number    int      `json:"number"`
		Addresses []string `json:"addresses"`
		TLS       bool     `json:"tls"`
		Who       string   `json:"who"`
		Reach     *string  `json:"reach"`
		Networks  []string `json:"networks"`
		Needs     *string  `json:"needs"`
		Sent      *string  `json:"sent"`
	}
	type finding struct {
		ID          string   `json:"id"`
		Kind        string   `json:"kind"`
		Severity    Severity `json:"severity"`
		Port        *string  `json:"port"`
		Description string   `json:"description"`
		Remedy      string   `json:"remedy"`
		Commands    []string `json:"commands"`
		Restart     bool     `json:"restart"`
	}
	out := struct {
		Server   server    `json:"server"`
		Ports    []port    `json:"ports"`
		Findings []finding `json:"findings"`
	}{
		server{r.Server.ProtectedMode, r.Server.Password, r.Server.AuditLog, r.Server.Encrypted, append([]string{}, r.Server.Networks...), []certificate{}},
		[]port{}, []finding{},
	}
	for _, c := range r.Server.Certificates {
		out.Server.Certificates = append(out.Server.Certificates, certificate{c.File, c.Expires.UTC()})
	}
	for _, p := range r.Ports {
		out.Ports = append(out.Ports, port{
			p.Port, p.Number != 0, p.Number, append([]string{}, p.Addresses...), p.TLS, p.Who,
			word(p.Reach), append([]string{}, p.Networks...), word(p.Needs), word(p.Sent),
		})
	}
	for _, f := range r.Findings {
		out.Findings = append(out.Findings, finding{f.ID(), f.Kind, f.Severity, word(f.Port), f.Text, f.Remedy, append([]string{}, f.Commands...), f.Restart})
	}
	return json.MarshalIndent(out, "", "  ")
}

// word is a word that may be missing.
func word(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
