package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"

	"rethinkdb/internal/atrest"
	"rethinkdb/internal/server"
)

// encryptionKeys reads the keys of the data directory. It is done before the program gives up root, whose key file it may be.
func (s settings) encryptionKeys(stderr io.Writer) (k server.Keys, err error) {
	if k.Key, err = s.encryptionKey("--encryption-key-file", "--encryption-key-command", stderr); err != nil {
		return k, err
	}
	if k.Old, err = s.encryptionKey("--old-encryption-key-file", "--old-encryption-key-command", stderr); err != nil {
		return k, err
	}
	if k.Old != nil && k.Key == nil {
		return k, refusef("The old encryption key is of use only together with the new one.").hint("Give that with --encryption-key-file or --encryption-key-command.")
	}
	return k, nil
}

// encryptionKey reads one of them, and returns nil when neither option was given.
func (s settings) encryptionKey(file, command string, stderr io.Writer) (*atrest.Key, error) {
	switch {
	case s.has(file) && s.has(command):
		return nil, refusef("%s and %s cannot be specified together.", file, command).hint("Leave out one of them.")
	case s.has(command):
		key, err := atrest.RunKeyCommand(context.Background(), s.one(command), stderr)
		if err != nil {
			return nil, refusef("The command of %s gave no key: %v", command, err)
		}
		return key, nil
	case !s.has(file):
		return nil, nil
	}
	path := s.one(file)
	if atrest.Beside(path, s.one("--directory")) {
		return nil, refusef("The key file '%s' lies in the data directory, so that whoever gets a copy of the data gets the key as well.", path).hint("Keep it elsewhere, best on another disk.")
	}
	key, err := atrest.ReadKey(path)
	if err != nil {
		return nil, refusef("Could not read the key file '%s': %v", path, cause(err))
	}
	return key, nil
}

// runReencrypt writes the files of a data directory anew.
func runReencrypt(s settings, stdout, stderr io.Writer) (err error) {
	id, err := s.identity()
	if err != nil {
		return err
	}
	keys, err := s.encryptionKeys(stderr)
	if err != nil {
		return err
	}
	if keys.Key == nil {
		return refusef("reencrypt needs a key: --encryption-key-file or --encryption-key-command.")
	}
	syscall.Umask(0o077)
	directory, err := openDirectory(s.one("--directory"), false, id)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, directory.Close()) }()
	plain := s.has("--decrypt")
	if err := server.Reencrypt(directory, keys, plain, reportTenths(stdout)); err != nil {
		return err
	}
	if plain {
		fmt.Fprintf(stdout, "The directory '%s' is not encrypted any more.\n", directory.Path)
		return nil
	}
	fmt.Fprintf(stdout, "All files in directory '%s' are encrypted with a new data key. The id of the key that protects it is %s.\n", directory.Path, keys.Key.ID())
	return nil
}

// reportTenths tells about every tenth of the files.
func reportTenths(out io.Writer) func(done, all int) {
	said := 0
	return func(done, all int) {
		if tenth := done * 10 / all; tenth > said {
			said = tenth
			fmt.Fprintf(out, "%d of %d files\n", done, all)
		}
	}
}
