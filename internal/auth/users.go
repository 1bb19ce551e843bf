package auth

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/xdg-go/stringprep"
)

// Admin is the user that always exists, may do everything and cannot be deleted.
const Admin = "admin"

// Store keeps users across restarts. Its keys are ours below userPrefix; writes are durable when they return.
type Store interface {
	MetaSet(ctx context.Context, key string, value []byte) error
	MetaDelete(ctx context.Context, key string) error
	MetaScan(prefix string, each func(key string, value []byte) error) error
}

const userPrefix = "auth/user/"

// Users are the accounts of the cluster. All methods may be called at the same time.
type Users struct {
	store Store
	// fakeSaltKey derives the salt that an unknown user is shown. It is constant while the process lives, so that
	// asking twice about one name does not give away that nobody has it.
	fakeSaltKey [32]byte

	// writing orders changes: it is held from reading the old account until the new one is stored and visible. Taken
	// before mu.
	writing sync.Mutex

	// users is read for every query, so neither the map nor an *account in it is ever changed: both are replaced.
	users atomic.Pointer[map[string]*account]

	mu     sync.Mutex // guards notify, and replacing users
	notify []func()
}

// account is one user. It is immutable once it is in Users.users.
type account struct {
	verifier  verifier
	global    Permissions
	databases map[string]Permissions // by database id
	tables    map[string]tableGrant  // by table id
}

type tableGrant struct {
	database    string // id of the table's database
	permissions Permissions
}

// clone gives a copy whose maps may be changed.
func (a *account) clone() *account {
	c := *a
	c.databases = maps.Clone(a.databases)
	c.tables = maps.Clone(a.tables)
	if c.databases == nil {
		c.databases = map[string]Permissions{}
	}
	if c.tables == nil {
		c.tables = map[string]tableGrant{}
	}
	return &c
}

// OpenUsers loads the users. An empty store gets admin with an empty password.
func OpenUsers(store Store) (*Users, error) {
	u := &Users{store: store}
	users := map[string]*account{}
	if _, err := rand.Read(u.fakeSaltKey[:]); err != nil {
		return nil, fmt.Errorf("make a key for salts: %w", err)
	}
	err := store.MetaScan(userPrefix, func(key string, value []byte) error {
		name := strings.TrimPrefix(key, userPrefix)
		a, err := decodeAccount(value)
		if err != nil {
			return fmt.Errorf("stored user %q: %w", name, err)
		}
		users[name] = a
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load users: %w", err)
	}
	u.users.Store(&users)
	if users[Admin] == nil {
		v, err := newVerifier("", initialIterations)
		if err != nil {
			return nil, err
		}
		if err := u.put(Admin, &account{verifier: v}); err != nil {
			return nil, err
		}
	}
	return u, nil
}

// OnChange calls fn after each change of a user or a permission. fn must be quick; it may read Users.
func (u *Users) OnChange(fn func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.notify = append(u.notify, fn)
}

func (u *Users) find(name string) *account { return (*u.users.Load())[name] }

// names in order.
func (u *Users) names() []string {
	return slices.Sorted(maps.Keys(*u.users.Load()))
}

// put stores the account of name, or removes it when a is nil. The caller holds writing, or is alone.
func (u *Users) put(name string, a *account) error {
	key := userPrefix + name
	ctx := context.Background() // once begun, the change of an account is not given up when the client leaves
	if a == nil {
		if err := u.store.MetaDelete(ctx, key); err != nil {
			return fmt.Errorf("remove user %q: %w", name, err)
		}
	} else {
		value, err := encodeAccount(a)
		if err != nil {
			return fmt.Errorf("encode user %q: %w", name, err)
		}
		if err := u.store.MetaSet(ctx, key, value); err != nil {
			return fmt.Errorf("store user %q: %w", name, err)
		}
	}
	u.mu.Lock()
	users := maps.Clone(*u.users.Load())
	if a == nil {
		delete(users, name)
	} else {
		users[name] = a
	}
	u.users.Store(&users)
	notify := u.notify
	u.mu.Unlock()
	for _, fn := range notify {
		fn()
	}
	return nil
}

// verifierOf gives what a log-in as name is checked against; for an unknown user it is one that nobody can satisfy.
func (u *Users) verifierOf(name string) (verifier, bool) {
	if a := u.find(name); a != nil {
		return a.verifier, true
	}
	fake := verifier{iterations: defaultIterations}
	copy(fake.salt[:], hmacSHA256(u.fakeSaltKey[:], name))
	return fake, false
}

// HasPassword tells whether name exists and has a password that is not empty.
func (u *Users) HasPassword(name string) bool {
	a := u.find(name)
	return a != nil && !a.verifier.empty
}

// CheckKey judges the authentication key of the handshakes before V1_0, which is admin's password. The error is nil
// when it is right.
func (u *Users) CheckKey(key string) error { return u.Check(Admin, key) }

// Check judges a name and a password. The error is nil when they belong together; IsRefusal tells that they do not. For a
// name that nobody has it takes as long as for a wrong password.
func (u *Users) Check(name, password string) error {
	v, known := u.verifierOf(name)
	ok, err := v.matches(password)
	switch {
	case err != nil:
		return err
	case !known:
		return errUnknownUser
	case ok:
		return nil
	}
	// Passwords are hashed as they were set, so that drivers that know nothing of SASLprep agree with us; one that
	// its sender did not normalize gets a second chance, as the original gives only the normalized one.
	if prepared, err := stringprep.SASLprep.Prepare(password); err == nil && prepared != password {
		if ok, err := v.matches(prepared); err != nil || ok {
			return err
		}
	}
	return errPassword
}

// SetInitialPassword gives admin a password if it has none. changed is false when there was one.
func (u *Users) SetInitialPassword(password string) (changed bool, err error) {
	u.writing.Lock()
	defer u.writing.Unlock()
	a := u.find(Admin)
	if !a.verifier.empty {
		return false, nil
	}
	if password == "" {
		return true, nil
	}
	a = a.clone()
	if a.verifier, err = newVerifier(password, defaultIterations); err != nil {
		return false, err
	}
	return true, u.put(Admin, a)
}

// storedAccount is the form of an account in the store.
type storedAccount struct {
	Version    int                          `json:"version"`
	Salt       []byte                       `json:"salt"`
	Iterations int                          `json:"iterations"`
	StoredKey  []byte                       `json:"stored_key"`
	ServerKey  []byte                       `json:"server_key"`
	Empty      bool                         `json:"empty_password"`
	Global     Permissions                  `json:"global"`
	Databases  map[string]Permissions       `json:"databases,omitempty"`
	Tables     map[string]storedTableGrants `json:"tables,omitempty"`
}

type storedTableGrants struct {
	Database    string      `json:"database"`
	Permissions Permissions `json:"permissions"`
}

const accountVersion = 1

func encodeAccount(a *account) ([]byte, error) {
	s := storedAccount{
		Version: accountVersion, Salt: a.verifier.salt[:], Iterations: a.verifier.iterations,
		StoredKey: a.verifier.storedKey[:], ServerKey: a.verifier.serverKey[:], Empty: a.verifier.empty,
		Global: a.global, Databases: a.databases, Tables: map[string]storedTableGrants{},
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
	a := &account{global: s.Global, databases: s.Databases, tables: map[string]tableGrant{}}
	v := &a.verifier
	if len(s.Salt) != len(v.salt) || len(s.StoredKey) != len(v.storedKey) || len(s.ServerKey) != len(v.serverKey) ||
		s.Iterations < 1 {
		return nil, errors.New("damaged password verifier")
	}
	copy(v.salt[:], s.Salt)
	copy(v.storedKey[:], s.StoredKey)
	copy(v.serverKey[:], s.ServerKey)
	v.iterations, v.empty = s.Iterations, s.Empty
	for id, g := range s.Tables {
		a.tables[id] = tableGrant{g.Database, g.Permissions}
	}
	return a, nil
}
