package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"syscall"

	"rethinkdb/internal/js"
	"rethinkdb/internal/js/worker"
	"rethinkdb/internal/server"
)

// Run is the program: argv are its words with its own name first. It returns the exit status, 0 after a clean stop or help and
// 1 after any failure to start.
func Run(argv []string, stdout, stderr io.Writer) int {
	argv = hideSecrets(argv)
	if err := forbidDumps(); err != nil {
		return fail(stderr, "Failed to start: %v.", err)
	}
	words := argv[min(1, len(argv)):]
	if len(words) == 0 {
		return withOptions(porcelain, argv, nil, stdout, stderr)
	}
	switch first := words[0]; first {
	case js.WorkerArgument:
		return worker.Run(os.Stdin, stdout, stderr)
	case "-v", "--version":
		return printVersion(stdout)
	case "help", "-h", "--help":
		return help(words[1:], stdout, stderr)
	case "create":
		return withOptions(create, argv, words[1:], stdout, stderr)
	case "serve":
		return withOptions(serve, argv, words[1:], stdout, stderr)
	case "proxy":
		return withOptions(proxy, argv, words[1:], stdout, stderr)
	case "admin":
		return withOptions(administration, argv, words[1:], stdout, stderr)
	case "create-certs":
		return withOptions(createCerts, argv, words[1:], stdout, stderr)
	case "reencrypt":
		return withOptions(reencrypt, argv, words[1:], stdout, stderr)
	case "audit-verify":
		return withOptions(auditVerify, argv, words[1:], stdout, stderr)
	case "security-check":
		return withOptions(securityCheck, argv, words[1:], stdout, stderr)
	case "export", "import", "dump", "restore", "index-rebuild", "repl":
		return runTool("rethinkdb-"+first, words[1:], stderr)
	default:
		if looksLikeOption(first) {
			return withOptions(porcelain, argv, words, stdout, stderr)
		}
		return fail(stderr, "ERROR: Unrecognized subcommand '%s'. Try 'rethinkdb help'.", first)
	}
}

func fail(stderr io.Writer, format string, args ...any) int {
	fmt.Fprintf(stderr, format+"\n", args...)
	return 1
}

func printVersion(stdout io.Writer) int {
	fmt.Fprintln(stdout, server.Version())
	fmt.Fprintln(stdout, server.Uname())
	return 0
}

func help(words []string, stdout, stderr io.Writer) int {
	if len(words) > 1 {
		return fail(stderr, "ERROR: Too many parameters to 'rethinkdb help'.  Try 'rethinkdb help [subcommand]'.")
	}
	cmd := porcelain
	if len(words) == 1 {
		i := slices.IndexFunc(documented, func(c command) bool { return c.name() == words[0] })
		if i < 0 {
			return fail(stderr, "ERROR: No help for '%s'. Try 'rethinkdb help'.", words[0])
		}
		cmd = documented[i]
	}
	printHelp(stdout, cmd)
	return 0
}

// withOptions runs a command that takes options.
func withOptions(cmd command, argv, words []string, stdout, stderr io.Writer) int {
	err := runCommand(cmd, argv, words, stdout, stderr)
	if status, ok := errors.AsType[exitStatus](err); ok {
		return int(status)
	}
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, err)
	if mistake, ok := errors.AsType[*optionError](err); ok {
		if o := find(mistake.option, cmd); o != nil {
			fmt.Fprintf(stderr, "Usage:\n%s", o.usage())
		}
		fmt.Fprintf(stderr, "Run '%s' for help on the command\n", helpCommand(cmd))
	}
	return 1
}

func helpCommand(cmd command) string {
	if cmd == porcelain {
		return "rethinkdb help"
	}
	return "rethinkdb help " + cmd.name()
}

func runCommand(cmd command, argv, words []string, stdout, stderr io.Writer) error {
	switch cmd {
	case administration:
		return runAdmin(words, stdout, stderr)
	case auditVerify:
		return runAuditVerify(words, stdout, stderr)
	case securityCheck:
		return runSecurityCheck(words, stdout, stderr)
	}
	s, err := readSettings(words, cmd, stderr)
	if err != nil {
		return err
	}
	switch {
	case s.has("--help"):
		printHelp(stdout, cmd)
		return nil
	case s.has("--version"):
		printVersion(stdout)
		return nil
	}
	if err := s.verify(cmd); err != nil {
		return err
	}
	switch cmd {
	case create:
		return runCreate(s, stdout, stderr)
	case createCerts:
		return runCreateCerts(s, stdout)
	case reencrypt:
		return runReencrypt(s, stdout, stderr)
	}
	return runServer(cmd, s, argv, stdout, stderr)
}

// runTool becomes the named program of the Python driver. It returns only when that is not possible.
func runTool(name string, words []string, stderr io.Writer) int {
	path, err := exec.LookPath(name)
	if err == nil {
		err = syscall.Exec(path, append([]string{name}, words...), os.Environ())
	}
	fmt.Fprintf(stderr, "Error when launching '%s': %v\n", name, cause(err))
	return fail(stderr, "The %s command depends on the RethinkDB Python driver, which must be installed: pip install rethinkdb", name)
}
