// The first lines of a program that uses the server, by language.

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** Somebody has to log in. */
  readonly password: boolean;
}

/** What a program has its password from: not from its text. */
const variable = 'RETHINKDB_PASSWORD';

const javaScript = ({ host, port, tls, password }: Target): string => `// npm install rethinkdb
const r = require('rethinkdb');

async function main() {
  const conn = await r.connect({
    host: '${host}',
    port: ${port},${password ? `
    user: 'admin',
    password: process.env.${variable},` : ''}${tls ? `
    ssl: {ca: require('fs').readFileSync('ca.pem')},` : ''}
  });
  console.log(await r.expr('Hello').run(conn));
  await conn.close();
}

main();`;

const python = ({ host, port, tls, password }: Target): string => `# pip install rethinkdb
${password ? 'import os\n' : ''}from rethinkdb import r

conn = r.connect(
    host='${host}',
    port=${port},${password ? `
    user='admin',
    password=os.environ['${variable}'],` : ''}${tls ? `
    ssl={'ca_certs': 'ca.pem'},` : ''}
)
print(r.expr('Hello').run(conn))
conn.close()`;

const go = ({ host, port, tls, password }: Target): string => `// go get gopkg.in/rethinkdb/rethinkdb-go.v6
package main

import (
${[...tls ? ['crypto/tls', 'crypto/x509'] : [], 'fmt', 'log', ...password || tls ? ['os'] : []].map(name => `\t"${name}"`).join('\n')}

	r "gopkg.in/rethinkdb/rethinkdb-go.v6"
)

func main() {${tls ? `
	pem, err := os.ReadFile("ca.pem")
	if err != nil {
		log.Fatal(err)
	}
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(pem)` : ''}
	session, err := r.Connect(r.ConnectOpts{
		Address: "${host.includes(':') ? `[${host}]` : host}:${port}",${password ? `
		Username: "admin",
		Password: os.Getenv("${variable}"),` : ''}${tls ? `
		TLSConfig: &tls.Config{RootCAs: authorities},` : ''}
	})
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()

	cursor, err := r.Expr("Hello").Run(session)
	if err != nil {
		log.Fatal(err)
	}
	var text string
	if err := cursor.One(&text); err != nil {
		log.Fatal(err)
	}
	fmt.Println(text)
}`;

const java = ({ host, port, tls, password }: Target): string => `// com.rethinkdb:rethinkdb-driver:2.4.4
import com.rethinkdb.RethinkDB;
import com.rethinkdb.net.Connection;${tls ? '\nimport java.io.FileInputStream;' : ''}

public class Hello {
    public static void main(String[] args) throws Exception {
        RethinkDB r = RethinkDB.r;
        Connection conn = r.connection()
            .hostname("${host}")
            .port(${port})${password ? `
            .user("admin", System.getenv("${variable}"))` : ''}${tls ? `
            .certFile(new FileInputStream("ca.pem"))` : ''}
            .connect();
        System.out.println(r.expr("Hello").run(conn, String.class).single());
        conn.close();
    }
}`;

export const languages: Readonly<Record<string, (target: Target) => string>> = { JavaScript: javaScript, Python: python, Go: go, Java: java };
