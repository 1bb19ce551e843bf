package selfcheck

import "testing"

func TestJSON(t *testing.T) {
	r := Report{
		Ports:    []PortReport{{Port: "http", Who: "Web port: not open."}},
		Findings: []Finding{{Kind: "no_tls", Subject: "driver", Severity: Serious, Port: "driver", Text: "Open.", Remedy: "Close.", Commands: []string{"a"}, Restart: true}, {Kind: "x"}},
	}
	const want = `{
  "ports": [
    {
      "port": "http",
      "open": false,
      "number": 0,
      "addresses": [],
      "tls": false,
      "who": "Web port: not open."
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
