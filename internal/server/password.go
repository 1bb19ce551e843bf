package server

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/logfile"
)

// PasswordFileName is the file in the data directory that has the password of admin which the server invented, when there was nobody
// to show it to.
const PasswordFileName = "initial_password"

// setInitialPassword gives admin a password if there is none yet, and tells whether it has done so.
func setInitialPassword(users *auth.Users, d *Directory, c Config, log *slog.Logger) (set bool, err error) {
	password := c.InitialPassword
	if password == "" && !c.InventPassword {
		return false, nil
	}
	if users.HasPassword(auth.Admin) {
		logfile.Notice(log, "Ignoring --initial-password option because the admin password is already configured.")
		return false, nil
	}
	if c.InventPassword {
		password = rand.Text()
		// Somebody must know it before it counts.
		if err := announcePassword(password, d, c, log); err != nil {
			return false, err
		}
	}
	if set, err = users.SetInitialPassword(password); err != nil {
		return false, fmt.Errorf("set the initial password: %w", err)
	}
	return set, nil
}

// announcePassword shows an invented password to a person, or writes it into a file that only the user of the server can read.
func announcePassword(password string, d *Directory, c Config, log *slog.Logger) error {
	if c.ShowPassword != nil {
		_, err := fmt.Fprintf(c.ShowPassword, "Generated random admin password: %s\n", password)
		return err
	}
	path := filepath.Join(d.Path, PasswordFileName)
	// One that is left of a start that failed counts for nothing, and may be a link.
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return cannotWritePassword(path, err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return cannotWritePassword(path, err)
	}
	_, err = fmt.Fprintln(file, password)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return cannotWritePassword(path, err)
	}
	logfile.Notice(log, "Generated a random admin password; it is in the file %s. Remove the file when you have it.", path)
	return nil
}

func cannotWritePassword(path string, err error) error {
	return fmt.Errorf("Could not write the generated password to '%s': %s. Check the directory, or give a password with --initial-password-file.", path, reason(err))
}
