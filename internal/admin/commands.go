package admin

// anyNumber of words may follow.
const anyNumber = -1

var long = []flag{{name: "--long"}}

// placement is what to say of commands about how tables are spread over servers.
const placement = "Where tables are is changed with r.table(…).reconfigure(…) and rebalance(), or in the table rethinkdb.table_config."

// commands are all commands, as `help` lists them. It is set by init because help reads it.
var commands []*command

func init() {
	commands = []*command{
		{words: []string{"ls"}, usage: []string{"[<ID> | --long]"}, most: 1, flags: long, run: list,
			about: "list all objects, or what is known of one",
			more:  "Objects are machines, datacenters, databases and tables. Machines are servers, and datacenters are tags of servers. An ID is a name, a table's name with its database's (test.users), or the first four or more characters of an identifier. --long shows identifiers in full."},
		{words: []string{"ls", "machines"}, usage: []string{"[--long]"}, flags: long, run: listMachines, about: "list the servers"},
		{words: []string{"ls", "servers"}, usage: []string{"[--long]"}, flags: long, run: listMachines, about: "the same"},
		{words: []string{"ls", "tables"}, usage: []string{"[--long]"}, flags: long, run: listTables, about: "list the tables"},
		{words: []string{"ls", "namespaces"}, usage: []string{"[--long]"}, flags: long, run: listTables, about: "the same"},
		{words: []string{"ls", "databases"}, usage: []string{"[--long]"}, flags: long, run: listDatabases, about: "list the databases"},
		{words: []string{"ls", "datacenters"}, usage: []string{"[--long]"}, flags: long, run: listDatacenters, about: "list the tags of servers"},
		{words: []string{"ls", "directory"}, usage: []string{"[--long]"}, flags: long, run: listDirectory, about: "list the connected servers and their addresses"},
		{words: []string{"ls", "issues"}, usage: []string{""}, run: listIssues, about: "list what an operator should see to"},
		{words: []string{"ls", "stats"}, usage: []string{"[<MACHINE>...] [<TABLE>...]"}, most: anyNumber, run: listStats, about: "show the statistics of servers and tables"},
		{words: []string{"ls", "auth"}, usage: []string{""}, run: listAuth, about: "tell whether an authentication key is set",
			more: "The key itself cannot be shown: what is kept of it does not suffice to log in."},

		{words: []string{"ls", "key"}, usage: []string{""}, run: listKey, about: "show the fingerprint of the server's key",
			more: "The server prints it when it starts. With --fingerprint the command line connects to no other server."},
		{words: []string{"ls", "join-tokens"}, usage: []string{""}, run: listJoinTokens, about: "list the tokens with which servers may join",
			more: "The tokens themselves cannot be shown: what is kept of them does not suffice to join."},
		{words: []string{"make", "join-token"}, usage: []string{"[--expires <TIME>] [--reusable]"}, flags: []flag{{name: "--expires", value: true}, {name: "--reusable"}},
			run: makeJoinToken, about: "make a token with which a server may join",
			more: "The token is the only thing that is printed, and is printed only here. A server is started with it as --join-token. It is good for one server, or with --reusable for any number, " +
				"until it expires: after an hour, or after a TIME such as 30m, 12h or 7d, at most 30 days."},
		{words: []string{"rm", "join-token"}, usage: []string{"<ID>..."}, least: 1, most: anyNumber, run: removeJoinTokens, about: "revoke join tokens"},

		{words: []string{"ls", "metadata"}, usage: []string{""}, run: listMetadata, about: "list the servers that keep the metadata",
			more: "Databases, tables' configurations and users can be changed as long as a majority of them is connected."},
		{words: []string{"recover", "metadata"}, usage: []string{"<SERVER>..."}, least: 1, most: anyNumber, run: recoverMetadata, about: "go on without lost servers (dangerous)",
			more: "This is for when half of the servers that keep the metadata, or more, are lost for good. Name all of them: ls metadata lists them as disconnected. Changes that only they knew are lost. " +
				"Never use it while they may be at work behind a broken network. If one comes back it gives up what it has. Tables are repaired afterwards, each with reconfigure({emergency_repair: ...})."},

		{words: []string{"set", "auth"}, usage: []string{"<KEY>", "-"}, least: 1, most: 1, verbatim: true, run: setAuth, about: "set the authentication key",
			more: "The key is the password of the user admin: drivers connect with it as authKey, or as password of this user. Connections that exist stay. " +
				"With - in place of a key, it is asked for without being shown, or read from the standard input. Quote a key with spaces."},
		{words: []string{"unset", "auth"}, usage: []string{""}, run: unsetAuth, about: "remove the authentication key",
			more: "Whoever reaches the ports then reads and changes everything."},
		{words: []string{"set", "password"}, usage: []string{"<USER>"}, least: 1, most: 1, run: setUserPassword, about: "set a user's password",
			more: "It is asked for without being shown, or read from the standard input."},
		{words: []string{"make", "bearer-token"}, usage: []string{"<USER> [--expires (<TIME> | never)] [--description <TEXT>]"}, least: 1, most: 1,
			flags: []flag{{name: "--expires", value: true}, {name: "--description", value: true}}, run: makeBearerToken, about: "make a bearer token for the web port",
			more: "It is printed once. Programs send it in the header Authorization: Bearer TOKEN, and act as the user then. It expires after 90 days, or after a TIME such as 12h or 7d."},
		{words: []string{"ls", "bearer-tokens"}, usage: []string{"[--long]"}, flags: long, run: listBearerTokens, about: "list the bearer tokens"},
		{words: []string{"rm", "bearer-token"}, usage: []string{"<ID>..."}, least: 1, most: anyNumber, run: removeBearerTokens, about: "take bearer tokens back"},
		{words: []string{"set", "name"}, usage: []string{"<ID> <NEW-NAME>"}, least: 2, most: 2, run: setName, about: "rename a machine, a database or a table"},
		{words: []string{"rename"}, usage: []string{"<ID> <NEW-NAME>"}, least: 2, most: 2, run: setName, about: "the same"},
		{words: []string{"set", "datacenter"}, usage: []string{"<MACHINE> <DATACENTER>"}, least: 2, most: 2, run: setDatacenter, about: "give a server a tag"},
		{words: []string{"unset", "datacenter"}, usage: []string{"<MACHINE>"}, least: 1, most: 1, run: unsetDatacenter, about: "take a server's tags away, except default"},
		{words: []string{"set", "durability"}, usage: []string{"<TABLE> (--soft | --hard)"}, least: 1, most: 1, flags: []flag{{name: "--soft"}, {name: "--hard"}},
			run: setDurability, about: "choose whether writes wait for the disk"},

		{words: []string{"create", "table"}, usage: []string{"<NAME> --database <DATABASE> [--primary <DATACENTER>] [--primary-key <KEY>]"}, least: 1, most: 1,
			flags: []flag{{name: "--database", value: true, required: true}, {name: "--primary", value: true}, {name: "--primary-key", value: true}},
			run:   createTable, about: "create a table"},
		{words: []string{"create", "database"}, usage: []string{"<NAME>"}, least: 1, most: 1, run: createDatabase, about: "create a database"},
		{words: []string{"create", "datacenter"}, usage: []string{"<NAME>"}, instead: "Datacenters are tags of servers, which exist while a server has them: use set datacenter <MACHINE> <NAME>."},
		{words: []string{"rm", "table"}, usage: []string{"<ID>..."}, least: 1, most: anyNumber, run: removeTables, about: "drop tables with all their documents"},
		{words: []string{"rm", "database"}, usage: []string{"<ID>..."}, least: 1, most: anyNumber, run: removeDatabases, about: "drop databases with all their tables"},
		{words: []string{"rm", "datacenter"}, usage: []string{"<ID>..."}, least: 1, most: anyNumber, run: removeDatacenters, about: "take a tag from all servers"},
		{words: []string{"rm", "machine"}, usage: []string{"<ID>..."}, least: 1, most: anyNumber, run: removeMachines, about: "take lost servers out of the cluster",
			more: "A server that has replicas of tables is refused: give them to others first. If it comes back after all it needs an empty directory."},

		{words: []string{"set", "primary"}, usage: []string{"<TABLE> <DATACENTER>"}, instead: placement},
		{words: []string{"unset", "primary"}, usage: []string{"<TABLE>"}, instead: placement},
		{words: []string{"set", "replicas"}, usage: []string{"<TABLE> <NUM> [<DATACENTER>]"}, instead: placement},
		{words: []string{"set", "acks"}, usage: []string{"<TABLE> <NUM> [<DATACENTER>]"}, instead: "Every write is acknowledged by a majority of the voting replicas; what a write to a single replica waits for is changed with set durability."},
		{words: []string{"set", "database"}, usage: []string{"<TABLE> <DATABASE>"}, instead: "A table stays in its database: create one in the other database and copy the documents with r.table(...).insert(r.db(...).table(...))."},
		{words: []string{"split", "shard"}, usage: []string{"<TABLE> <POINT>..."}, instead: placement},
		{words: []string{"merge", "shard"}, usage: []string{"<TABLE> <POINT>..."}, instead: placement},
		{words: []string{"pin", "shard"}, usage: []string{"<TABLE> <SHARD> [--master <MACHINE>] [--replicas <MACHINE>...]"}, instead: placement},
		{words: []string{"resolve"}, usage: []string{"<FIELD> <ID>", "auth"}, most: anyNumber, run: resolve, about: "resolve a conflict",
			more: "Changes of the configuration do not conflict in this version, so that there is never anything to resolve."},
		{words: []string{"touch"}, usage: []string{""}, run: touch, about: "do nothing: there are no blueprints any more"},

		{words: []string{"complete"}, usage: []string{"(partial | full) <WORD>..."}, least: 1, most: anyNumber, verbatim: true, run: complete, about: "print what may come next",
			more: "partial completes the last word, full says what may follow it."},
		{words: []string{"help"}, usage: []string{"[<COMMAND> [<SUBCOMMAND>]]"}, most: anyNumber, run: help, about: "print this list, or more on a command"},
		{words: []string{"exit"}, usage: []string{""}, run: exit, about: "leave the console"},
	}
}
