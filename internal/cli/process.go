package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// cause is the system's own part of an error.
func cause(err error) error {
	if no, ok := errors.AsType[syscall.Errno](err); ok {
		return no
	}
	return err
}

// identity is the user and the group to run as; -1 keeps what the process has.
type identity struct {
	uid, gid  int
	userName  string
	groupName string
	groups    []int // supplementary groups of the user
}

// identity reads --runuser and --rungroup.
func (s settings) identity() (identity, error) {
	id := identity{uid: -1, gid: -1}
	if s.has("--runuser") {
		id.userName = s.one("--runuser")
		u, err := user.Lookup(id.userName)
		if err != nil {
			return id, refusef("User '%s' not found: %v", id.userName, err).hint("Create it, or leave out --runuser.")
		}
		if id.uid, err = strconv.Atoi(u.Uid); err != nil {
			return id, fmt.Errorf("id of user '%s': %w", id.userName, err)
		}
		if id.gid, err = strconv.Atoi(u.Gid); err != nil {
			return id, fmt.Errorf("group of user '%s': %w", id.userName, err)
		}
		id.groupName = id.userName
		names, err := u.GroupIds()
		if err != nil {
			return id, fmt.Errorf("groups of user '%s': %w", id.userName, err)
		}
		for _, name := range names {
			gid, err := strconv.Atoi(name)
			if err != nil {
				return id, fmt.Errorf("groups of user '%s': %w", id.userName, err)
			}
			id.groups = append(id.groups, gid)
		}
	}
	if s.has("--rungroup") {
		id.groupName = s.one("--rungroup")
		g, err := user.LookupGroup(id.groupName)
		if err != nil {
			return id, refusef("Group '%s' not found: %v", id.groupName, err).hint("Create it, or leave out --rungroup.")
		}
		if id.gid, err = strconv.Atoi(g.Gid); err != nil {
			return id, fmt.Errorf("id of group '%s': %w", id.groupName, err)
		}
	}
	return id, nil
}

func (id identity) given() bool { return id.uid >= 0 || id.gid >= 0 }

// assume gives up the rights of the current user for good: the group first, for afterwards there is no right to change it, and
// the supplementary groups, which a process started by root would otherwise keep.
func (id identity) assume() error {
	if id.uid >= 0 && id.uid != os.Geteuid() {
		if err := syscall.Setgroups(id.groups); err != nil {
			return refusef("Could not set the groups of '%s': %v", id.userName, err).hint("Start the server as root, or leave out --runuser.")
		}
	}
	if id.gid >= 0 && id.gid != os.Getegid() {
		if err := syscall.Setgid(id.gid); err != nil {
			return refusef("Could not set group to '%s': %v", id.groupName, err).hint("Start the server as root, or leave out --rungroup.")
		}
	}
	if id.uid >= 0 && id.uid != os.Geteuid() {
		if err := syscall.Setuid(id.uid); err != nil {
			return refusef("Could not set user account to '%s': %v", id.userName, err).hint("Start the server as root, or leave out --runuser.")
		}
	}
	return forbidDumps() // whether a process may be dumped is decided anew when its user changes
}

// checkPidFile refuses a pid file that another server seems to have written, or that could not be written.
func checkPidFile(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return refusef("error: The pid-file specified already exists. This might mean that an instance is already running. If none is, remove '%s' and try again.", path)
	}
	if err := unix.Access(filepath.Dir(path), unix.W_OK); err != nil {
		return refusef("error: Cannot access the pid-file directory. Create '%s', or let this user write there (%v).", filepath.Dir(path), err)
	}
	return nil
}

// writePidFile writes the process id without a newline, readable by everybody. The returned function removes the file.
func writePidFile(path string) (remove func() error, err error) {
	// O_EXCL: of two servers started at the same moment one fails, and a link left in a public directory is not followed.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil, checkPidFile(path)
	}
	if err != nil {
		return nil, refusef("error: Writing to the specified pid-file failed. Check '%s' (%v).", path, cause(err))
	}
	_, err = file.WriteString(strconv.Itoa(os.Getpid()))
	err = errors.Join(err, file.Chmod(0o644), file.Close())
	remove = func() error { return os.Remove(path) }
	if err != nil {
		return nil, errors.Join(refusef("error: Writing to the specified pid-file failed. Check '%s' (%v).", path, cause(err)), remove())
	}
	return remove, nil
}
