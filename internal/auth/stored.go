package auth

import (
	"encoding/json"
	"errors"
	"fmt"
)

// storedAccount is the form of an account in the store.
type storedAccount struct {
	Version    int                          `json:"version"`
	Salt       []byte                       `json:"salt"`
	Iterations int                          `json:"iterations"`
	StoredKey  []byte                       `json:"stored_key"`
	ServerKey  []byte                       `json:"server_key"`
	Prepared   *storedKeys                  `json:"prepared,omitempty"` // of the other spelling of the password, if there is one
	Empty      bool                         `json:"empty_password"`
	Weak       bool                         `json:"weak_password,omitempty"`
	Global     Permissions                  `json:"global"`
	Databases  map[string]Permissions       `json:"databases,omitempty"`
	Tables     map[string]storedTableGrants `json:"tables,omitempty"`
	Role       bool                         `json:"role,omitempty"`
	Roles      []string                     `json:"roles,omitempty"`
}

type storedKeys struct {
	StoredKey []byte `json:"stored_key"`
	ServerKey []byte `json:"server_key"`
}

type storedTableGrants struct {
	Database    string      `json:"database"`
	Permissions Permissions `json:"permissions"`
}

const accountVersion = 1

func encodeAccount(a *account) ([]byte, error) {
	s := storedAccount{
		Version: accountVersion, Salt: a.verifier.salt[:], Iterations: a.verifier.iterations,
		StoredKey: a.verifier.keys[0].stored[:], ServerKey: a.verifier.keys[0].server[:], Empty: a.verifier.empty, Weak: a.verifier.weak,
		Global: a.global, Databases: a.databases, Tables: map[string]storedTableGrants{}, Role: a.role, Roles: a.roles,
	}
	if k := a.verifier.keys[1]; k != a.verifier.keys[0] {
		s.Prepared = &storedKeys{k.stored[:], k.server[:]}
	}
	for id, g := range a.tables {
		s.Tables[id] = storedTableGrants{g.database, g.permissions}
	}
	return json.Marshal(&s)
}

func decodeAccount(b []byte) (*account, error) {
	var s storedAccount
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, err
	}
	if s.Version != accountVersion {
		return nil, fmt.Errorf("format version %d; this program knows %d", s.Version, accountVersion)
	}
	a := &account{global: s.Global, databases: s.Databases, tables: map[string]tableGrant{}, role: s.Role, roles: s.Roles}
	v := &a.verifier
	if len(s.Salt) != len(v.salt) || s.Iterations < 1 {
		return nil, errDamagedVerifier
	}
	copy(v.salt[:], s.Salt)
	v.iterations, v.empty, v.weak = s.Iterations, s.Empty, s.Weak
	keys := []storedKeys{{s.StoredKey, s.ServerKey}, {s.StoredKey, s.ServerKey}}
	if s.Prepared != nil {
		keys[1] = *s.Prepared
	}
	for i, k := range keys {
		if len(k.StoredKey) != len(v.keys[i].stored) || len(k.ServerKey) != len(v.keys[i].server) {
			return nil, errDamagedVerifier
		}
		copy(v.keys[i].stored[:], k.StoredKey)
		copy(v.keys[i].server[:], k.ServerKey)
	}
	for id, g := range s.Tables {
		a.tables[id] = tableGrant{g.Database, g.Permissions}
	}
	return a, nil
}

var errDamagedVerifier = errors.New("damaged password verifier")
