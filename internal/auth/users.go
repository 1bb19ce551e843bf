package auth

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Admin is the user that always exists, may do everything and cannot be deleted.
const Admin = "admin"

// Store keeps users across restarts. Its keys are ours below keyPrefix; writes are durable when they return.
type Store interface {
	MetaSet(ctx context.Context, key string, value []byte) error
	MetaDelete(ctx context.Context, key string) error
	MetaScan(prefix string, each func(key string, value []byte) error) error
}

const (
	keyPrefix  = "auth/"
	userPrefix = keyPrefix + "user/"
	// saltKeyName is where the key of the salts of unknown users is kept.
	saltKeyName  = keyPrefix + "saltkey"
	saltKeyBytes = 32
)

// Users are the accounts of the cluster. All methods may be called at the same time.
type Users struct {
	store Store
	// saltKey derives the salt that an unknown user is shown. It is kept in the store, so that asking about one name
	// before and after a restart does not give away that nobody has it.
	saltKey atomic.Pointer[[saltKeyBytes]byte]
	guesses *guesses
	hashing *hashing

	// writing orders changes: it is held from reading the old account until the new one is stored and visible. Taken
	// before mu.
	writing sync.Mutex

	// users is read for every query, so neither the map nor an *account in it is ever changed: both are replaced.
	users atomic.Pointer[map[string]*account]
	// tokens likewise.
	tokens atomic.Pointer[tokens]

	mu     sync.Mutex // guards notify, and is held to replace users
	notify []func()
}

// account is one user, or one role. It is immutable once it is in Users.users.
type account struct {
	verifier  verifier
	global    Permissions
	databases map[string]Permissions // by database id
	tables    map[string]tableGrant  // by table id

	role  bool     // it is a role: nobody can log in as it
	roles []string // names of the roles that were given to it, in order

	// inherited are the names of all roles that it has, by roles or by way of other roles; set by inherit.
	inherited []string
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
	u := &Users{store: store, guesses: newGuesses(time.Now), hashing: newHashing()}
	if err := u.Reload(); err != nil {
		return nil, err
	}
	if u.saltKey.Load() == nil {
		if err := u.makeSaltKey(); err != nil {
			return nil, err
		}
	}
	if u.find(Admin) == nil {
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

// Owns tells whether a key of the store is one of those that Reload reads.
func Owns(key string) bool { return strings.HasPrefix(key, keyPrefix) }

// Reload reads again what the store has: after changes that this Users has not made, such as those of other servers.
func (u *Users) Reload() error {
	u.mu.Lock()
	err := u.reload()
	notify := u.notify
	u.mu.Unlock()
	if err != nil {
		return err
	}
	for _, fn := range notify {
		fn()
	}
	return nil
}

// reload is Reload without the notification. The caller holds mu, so that what is read later is what stays.
func (u *Users) reload() error {
	if err := u.loadSaltKey(); err != nil {
		return err
	}
	users := map[string]*account{}
	err := u.store.MetaScan(userPrefix, func(key string, value []byte) error {
		name := strings.TrimPrefix(key, userPrefix)
		a, err := decodeAccount(value)
		if err != nil {
			return fmt.Errorf("stored user %q: %w", name, err)
		}
		users[name] = a
		return nil
	})
	if err != nil {
		return fmt.Errorf("load users: %w", err)
	}
	for name := range users {
		if err := inherit(users, name); err != nil {
			return fmt.Errorf("stored user %q: %w", name, err)
		}
	}
	tokens, err := u.loadTokens()
	if err != nil {
		return err
	}
	u.users.Store(&users)
	u.tokens.Store(tokens)
	return nil
}

// loadSaltKey reads the key of the salts of unknown users, if there is one.
func (u *Users) loadSaltKey() error {
	err := u.store.MetaScan(saltKeyName, func(_ string, value []byte) error {
		if len(value) != saltKeyBytes {
			return fmt.Errorf("damaged: %d bytes", len(value))
		}
		key := [saltKeyBytes]byte(value)
		u.saltKey.Store(&key)
		return nil
	})
	if err != nil {
		return fmt.Errorf("load the key for salts: %w", err)
	}
	return nil
}

// makeSaltKey makes the key of the salts of unknown users.
func (u *Users) makeSaltKey() error {
	var key [saltKeyBytes]byte
	if _, err := rand.Read(key[:]); err != nil {
		return fmt.Errorf("make a key for salts: %w", err)
	}
	if err := u.store.MetaSet(context.Background(), saltKeyName, key[:]); err != nil {
		return fmt.Errorf("store the key for salts: %w", err)
	}
	u.saltKey.Store(&key)
	return nil
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

// put stores the account of name, or removes it when a is nil. A *RowError means that its roles do not go together. The
// caller holds writing, or is alone.
func (u *Users) put(name string, a *account) error {
	if _, err := u.with(name, a); err != nil {
		return err
	}
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
	return u.Reload()
}

// verifierOf gives what a log-in as name is checked against; for an unknown user it is one that nobody can satisfy, and that
// looks and computes like one of a user whose password was set in the usual way.
func (u *Users) verifierOf(name string) (verifier, bool) {
	if a := u.find(name); a != nil && !a.role {
		return a.verifier, true
	}
	fake := verifier{iterations: defaultIterations}
	copy(fake.salt[:], hmacSHA256(u.saltKey.Load()[:], name))
	return fake, false
}

// HasPassword tells whether name exists and has a password that is not empty.
func (u *Users) HasPassword(name string) bool {
	a := u.find(name)
	return a != nil && !a.verifier.empty
}

// CheckKey judges the authentication key of the handshakes before V1_0, which is admin's password, as it comes from an address.
// The error is nil when it is right.
func (u *Users) CheckKey(peer netip.Addr, key string) error {
	_, err := u.Check(peer, Admin, key)
	return err
}

// Check judges a name and a password as they come from an address, and gives the user's name as SASLprep spells it. The error is
// nil when they belong together, and an *Error when they do not. An unknown user gets the same error as a wrong password, after
// as many hashes. No password is no guess: it is how a client finds out that it needs one.
func (u *Users) Check(peer netip.Addr, name, password string) (user string, err error) {
	user, _, err = u.Verify(peer, name, password)
	return user, err
}

// Verify is Check for who is remembered afterwards: it also gives what the password is known by that was judged.
func (u *Users) Verify(peer netip.Addr, name, password string) (user string, c Credential, err error) {
	if user, err = prepareUsername(name); err != nil {
		return "", c, err
	}
	v, known := u.verifierOf(user)
	who := u.guesses.guesser(user, peer)
	if err := u.mayTry(&v, who); err != nil {
		return "", c, err
	}
	defer u.hashing.begin(who.addr)()         // until it is judged
	if err := u.mayTry(&v, who); err != nil { // others were judged meanwhile
		return "", c, err
	}
	ok, err := v.matches(password)
	if err != nil {
		return "", c, err
	}
	if password == "" && !ok {
		return "", c, errPassword
	}
	return user, Credential{v.salt}, u.judge(&v, who, ok && known)
}

// Credential is what a password is known by, without telling anything of it: no two passwords that were set have the same, whoever set
// them, even if they are the same.
type Credential struct{ salt [saltBytes]byte }

// Credential is that of a user's password. ok is false for users that do not exist, and for roles.
func (u *Users) Credential(user string) (c Credential, ok bool) {
	a := u.find(user)
	if a == nil || a.role {
		return c, false
	}
	return Credential{a.verifier.salt}, true
}

// mayTry refuses somebody who has guessed too often. There is nothing to guess where the password is the empty one.
func (u *Users) mayTry(v *verifier, who guesser) error {
	if wait := u.guesses.wait(who); wait > 0 && !v.empty {
		return slowedDown(wait)
	}
	return nil
}

// judge gives what to answer to a password that was found to be right or wrong.
func (u *Users) judge(v *verifier, who guesser, right bool) error {
	if !v.empty {
		if wait := u.guesses.judge(who, right); wait > 0 {
			return slowedDown(wait)
		}
	}
	if !right {
		return errPassword
	}
	return nil
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
