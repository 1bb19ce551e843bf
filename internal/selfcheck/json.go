package selfcheck

import "encoding/json"

// MarshalText makes a severity its name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// JSON is the report for a program, with the names of the rows of security_status.
func (r Report) JSON() ([]byte, error) {
	type port struct {
		Port      string   `json:"port"`
		Open      bool     `json:"open"`
		Number    int      `json:"number"`
		Addresses []string `json:"addresses"`
		TLS       bool     `json:"tls"`
		Who       string   `json:"who"`
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
		Ports    []port    `json:"ports"`
		Findings []finding `json:"findings"`
	}{[]port{}, []finding{}}
	for _, p := range r.Ports {
		out.Ports = append(out.Ports, port{p.Port, p.Number != 0, p.Number, append([]string{}, p.Addresses...), p.TLS, p.Who})
	}
	for _, f := range r.Findings {
		one := finding{f.ID(), f.Kind, f.Severity, nil, f.Text, f.Remedy, append([]string{}, f.Commands...), f.Restart}
		if f.Port != "" {
			one.Port = &f.Port
		}
		out.Findings = append(out.Findings, one)
	}
	return json.MarshalIndent(out, "", "  ")
}
