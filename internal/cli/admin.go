package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"

	"rethinkdb/internal/admin"
)

const (
	// defaultJoin is a server on this machine.
	defaultJoin    = "localhost"
	passwordPrompt = "Password for admin: "
	// passwordAttempts is how often a person is asked.
	passwordAttempts = 3
)

// parseMixed reads the words after a command that takes others than options: options, wherever they stand, and all other words.
func parseMixed(words []string, cmd command) (s settings, others []string, err error) {
	var options []string
	for i := 0; i < len(words); i++ {
		o := find(words[i], cmd)
		switch {
		case o == nil && len(others) == 0 && looksLikeOption(words[i]):
			return nil, nil, unknownWord(words[i], cmd)
		case o == nil:
			others = append(others, words[i])
		case o.arg == "":
			options = append(options, words[i])
		default:
			options = append(options, words[i:min(i+2, len(words))]...)
			i++
		}
	}
	s, err = parseWords(options, cmd)
	if err != nil {
		return nil, nil, err
	}
	if err := s.verify(cmd); err != nil {
		return nil, nil, err
	}
	s.addDefaults(cmd)
	return s, others, nil
}

// runAdmin runs one command, or a console when there is none.
func runAdmin(words []string, stdout, stderr io.Writer) error {
	s, command, err := parseMixed(words, administration)
	if err != nil {
		return err
	}
	if s.has("--help") {
		printHelp(stdout, administration)
		return nil
	}
	if len(command) > 0 && command[0] == "help" { // needs no server
		return admin.NewShell(nil, nil, stdout).Run(command)
	}
	c, err := s.logIn(stdout, stderr)
	if err != nil {
		return err
	}
	defer c.close()

	shell := admin.NewShell(c.Connection, c.in, stdout)
	if len(command) > 0 {
		err := shell.Run(command)
		if errors.Is(err, admin.ErrLost) {
			err = fmt.Errorf("%w\nvalid --join option required to handle command, run 'rethinkdb help admin' for more information", err)
		}
		return err
	}
	if c.terminal != nil {
		c.terminal.Serve(shell)
	}
	if err := shell.Greet(); err != nil {
		return err
	}
	if shell.Console(stderr, s.has("--exit-failure")) != nil {
		return exitStatus(1) // it has been told
	}
	return nil
}

// console is a connection to the intracluster port of a server, and who has asked for it.
type console struct {
	*admin.Connection
	in       admin.Input
	terminal *admin.Terminal // in, if that is a person; nil without
}

// logIn connects to a server as `rethinkdb admin` does: for that itself, and for other commands that ask a server that runs.
func (s settings) logIn(stdout, stderr io.Writer) (c console, err error) {
	addresses, err := s.joins()
	if err != nil {
		return c, err
	}
	c.in = admin.NewPipe(os.Stdin)
	if c.terminal = admin.OpenTerminal(os.Stdin, stdout, stderr, addresses[0]); c.terminal != nil {
		c.in = c.terminal
	}
	c.Connection, err = s.connect(addresses, c.in, c.terminal, stderr)
	return c, err
}

// close ends the connection. One that nothing was lost with has nothing to say at its end.
func (c console) close() { _ = c.Close() }

// joins are the addresses to try.
func (s settings) joins() ([]string, error) {
	port, err := s.offsetPort("--cluster-port")
	if err != nil {
		return nil, err
	}
	if !s.has("--join") {
		return []string{net.JoinHostPort(defaultJoin, strconv.Itoa(port))}, nil
	}
	return s.joinAddresses(port)
}

// joinAddresses are the addresses of --join, with a port for those that have none.
func (s settings) joinAddresses(defaultPort int) ([]string, error) {
	var addresses []string
	for _, text := range s.all("--join") {
		host, port, err := net.SplitHostPort(text)
		if err != nil { // no port
			host, port = strings.Trim(text, "[]"), strconv.Itoa(defaultPort)
		}
		if host == "" || port == "" || strings.ContainsAny(host, " /@") {
			return nil, refusef("Option '--join' has invalid host and port format '%s'", text).hint("Write HOST or HOST:PORT.")
		}
		addresses = append(addresses, net.JoinHostPort(host, port))
	}
	return addresses, nil
}

// connect logs in to the first address that can be reached.
func (s settings) connect(addresses []string, in admin.Input, terminal *admin.Terminal, stderr io.Writer) (*admin.Connection, error) {
	password, given, err := s.adminPassword(in)
	if err != nil {
		return nil, err
	}
	trusted, err := s.trust()
	if err != nil {
		return nil, err
	}
	var failures []error
	for _, address := range addresses {
		options := trusted.options(address, password)
		conn, err := admin.Connect(context.Background(), address, options)
		for range passwordAttempts {
			if !errors.Is(err, admin.ErrPassword) || given || terminal == nil {
				break
			}
			if options.Password, err = terminal.ReadSecret(passwordPrompt); err == nil {
				conn, err = admin.Connect(context.Background(), address, options)
			}
		}
		if err == nil {
			trusted.remember(address, conn.Key(), stderr)
			return conn, nil
		}
		if errors.Is(err, admin.ErrPassword) && !given && terminal == nil {
			err = fmt.Errorf("%w This server asks for admin's password, which is its authentication key: give it with --password-file FILE "+
				"or in the environment variable %s", err, passwordVariable)
		}
		failures = append(failures, fmt.Errorf("%s: %w", address, err))
	}
	return nil, fmt.Errorf("failed to join cluster\n%w", errors.Join(failures...))
}

// adminPassword is the password that was given, empty if none was.
func (s settings) adminPassword(in admin.Input) (password string, given bool, err error) {
	if !s.has("--password-file") {
		password, given = os.LookupEnv(passwordVariable)
		return password, given, nil
	}
	password, err = readPassword(s.one("--password-file"), passwordPrompt, in)
	return password, true, err
}
