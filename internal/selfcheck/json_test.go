package selfcheck

import "testing"

func TestJSON(t *testing.T) {
	r := Report{
		Server: ServerReport{ProtectedMode: "strict", Password: true, Networks: []string{"10.0.0.0/8"}, Certificates: []Certificate{{"/c.pem", now}}},
		Ports: []PortReport{
			{Port: "driver", Number: 28015, Addresses: []string{"::1"}, Who: "Some.", Reach: ReachListed, Networks: []string{"10.0.0.9"}, Needs: NeedsPassword, Sent: SentReadable},
			{Port: "http", Who: "Web port: not open."},
		},
		Findings: []Finding{{Kind: "no_tls", Subject: "driver", Severity: Serious, Port: "driver", Text: "Open.", Remedy: "Close.", Commands: []string{"a"}, Restart: true}, {Kind: "x"}},
	}
	const want = `{
  "server": {
    "protected_mode": "strict",
    "password": true,
    "audit_log": false,
    "encrypted": false,
    "networks": [
      "10.0.0.0/8"
    ],
    "certificates": [
      {
        "file": "/c.pem",
        "expires_at": "2030-01-01T12:00:00Z"
      }
    ]
  },
  "ports": [
    {
      "port": "driver",
      "open": true,
      "number": 28015,
      "addresses": [
        "::1"
      ],
      "tls": false,
      "who": "Some.",
      "reach": "listed",
      "networks": [
        "10.0.0.9"
      ],
      "needs": "password",
      "sent": "readable"
    },
    {
      "port": "http",
      "open": false,
      "number": 0,
      "addresses": [],
      "tls": false,
      "who": "Web port: not open.",
      "reach": null,
      "networks": [],
      "needs": null,
      "sent": null
    }
  ],
  "findings": [
    {
      "id": "no_tls/driver",
      "kind": "no_tls",
      "severity": "serious",
      "port": "driver",
      "description": "Open.",
      "remedy": "Close.",
      "commands": [
        "a"
      ],
      "restart": true
    },
    {
      "id": "x",
      "kind": "x",
      "severity": "note",
      "port": null,
      "description": "",
      "remedy": "",
      "commands": [],
      "restart": false
    }
  ]
}`
	if got, err := r.JSON(); err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
}
