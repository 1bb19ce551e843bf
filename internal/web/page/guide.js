import{C as e,F as t,M as n,N as r,T as i,c as a,f as o,m as s,w as c}from"./page.js";import{n as l,t as u}from"./poll.js";import{t as d}from"./handover.js";import{D as f,S as p,r as m,x as h}from"./password.js";function g(e,t,n){switch(e){case`ArrowRight`:return(t+1)%n;case`ArrowLeft`:return(t-1+n)%n;case`Home`:return 0;case`End`:return n-1}}function _({label:e,options:t,value:r,onChange:a}){let o=n(null);return i(`div`,{class:`segments`,ref:o,role:`radiogroup`,"aria-label":e,onKeyDown:e=>{let n=g(e.key,t.findIndex(([e])=>e===r),t.length);n!==void 0&&(e.preventDefault(),a(t[n][0]),o.current.querySelectorAll(`button`)[n]?.focus())},children:t.map(([e,t])=>i(`button`,{type:`button`,role:`radio`,"aria-checked":e===r,tabIndex:e===r?0:-1,onClick:()=>a(e),children:t},e))})}var v=`RETHINKDB_PASSWORD`,y={JavaScript:({host:e,port:t,tls:n,password:r})=>`// npm install rethinkdb
const r = require('rethinkdb');

async function main() {
  const conn = await r.connect({
    host: '${e}',
    port: ${t},${r?`
    user: 'admin',
    password: process.env.${v},`:``}${n?`
    ssl: {ca: require('fs').readFileSync('ca.pem')},`:``}
  });
  console.log(await r.expr('Hello').run(conn));
  await conn.close();
}

main();`,Python:({host:e,port:t,tls:n,password:r})=>`# pip install rethinkdb
${r?`import os
`:``}from rethinkdb import r

conn = r.connect(
    host='${e}',
    port=${t},${r?`
    user='admin',
    password=os.environ['${v}'],`:``}${n?`
    ssl={'ca_certs': 'ca.pem'},`:``}
)
print(r.expr('Hello').run(conn))
conn.close()`,Go:({host:e,port:t,tls:n,password:r})=>`// go get gopkg.in/rethinkdb/rethinkdb-go.v6
package main

import (
${[...n?[`crypto/tls`,`crypto/x509`]:[],`fmt`,`log`,...r||n?[`os`]:[]].map(e=>`\t"${e}"`).join(`
`)}

	r "gopkg.in/rethinkdb/rethinkdb-go.v6"
)

func main() {${n?`
	pem, err := os.ReadFile("ca.pem")
	if err != nil {
		log.Fatal(err)
	}
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(pem)`:``}
	session, err := r.Connect(r.ConnectOpts{
		Address: "${e.includes(`:`)?`[${e}]`:e}:${t}",${r?`
		Username: "admin",
		Password: os.Getenv("${v}"),`:``}${n?`
		TLSConfig: &tls.Config{RootCAs: authorities},`:``}
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
}`,Java:({host:e,port:t,tls:n,password:r})=>`// com.rethinkdb:rethinkdb-driver:2.4.4
import com.rethinkdb.RethinkDB;
import com.rethinkdb.net.Connection;${n?`
import java.io.FileInputStream;`:``}

public class Hello {
    public static void main(String[] args) throws Exception {
        RethinkDB r = RethinkDB.r;
        Connection conn = r.connection()
            .hostname("${e}")
            .port(${t})${r?`
            .user("admin", System.getenv("${v}"))`:``}${n?`
            .certFile(new FileInputStream("ca.pem"))`:``}
            .connect();
        System.out.println(r.expr("Hello").run(conn, String.class).single());
        conn.close();
    }
}`},b=28015;function x({access:e}){let[n,o]=r(`JavaScript`),s=location.hostname.replace(/^\[|\]$/g,``),{port:c=b,tls:l=!1,password:u=!0,reach:d=`machine`}=e??{},p=![`localhost`,`127.0.0.1`,`::1`].includes(s);return i(t,{children:[i(_,{label:`Language`,options:Object.keys(y).map(e=>[e,e]),value:n,onChange:o}),i(f,{label:`The first lines of a program in ${n}`,text:y[n]({host:s,port:c,tls:l,password:u})}),u&&i(`p`,{class:`hint`,children:[`Give each program `,i(`a`,{href:a(`users`),children:`a user of its own`}),`, with what it needs and no more, in place of admin.`]}),l&&i(`p`,{class:`hint`,children:[i(`code`,{children:`ca.pem`}),` is the certificate of the authority that has signed the server's.`]}),e&&p&&d===`machine`&&i(`p`,{class:`hint`,children:[`The driver port serves programs on the server's machine only. From here a tunnel leads to it: `,i(`code`,{children:[`ssh -L `,c,`:localhost:`,c,` USER@`,s]}),`, and then `,i(`code`,{children:`localhost`}),` as the host. Or start the server with `,i(`code`,{children:`--bind all`}),`.`]})]})}var S=`test`,C=`trips`,w=`city`,T=[[`Lisbon`,-9.14,38.72],[`Copenhagen`,12.57,55.68],[`Kyoto`,135.77,35.01],[`Montréal`,-73.57,45.5],[`Nairobi`,36.82,-1.29]],E=[`Ada`,`Bruno`,`Chidi`,`Dalia`,`Emil`,`Fatou`,`Goro`,`Hana`,`Ines`,`Jun`,`Kofi`,`Lena`],D=[`basket`,`child seat`,`electric`,`lock`],O=Date.UTC(2026,5,1,6)/1e3;function k(e){let[t,n,r]=T[e*7%T.length],i=e%3!=0;return{id:e+1,city:t,rider:{name:E[e*5%E.length],member:i},started:{$reql_type$:`TIME`,epoch_time:O+e*2711,timezone:`+00:00`},minutes:4+e*37%53,from:{$reql_type$:`GEOMETRY`,type:`Point`,coordinates:[n+e%11/500,r+e%13/500]},extras:D.filter((t,n)=>(e+n)%4<1+e%2),rating:e%4==0?null:3+e%3}}async function A(){await o(`r.dbList().contains(db).branch(null, r.dbCreate(db))`,{db:S}),await o(`r.db(db).tableCreate(table)`,{db:S,table:C}),await o(`r.db(db).table(table).indexCreate(index)`,{db:S,table:C,index:w}),await h(`r.db(db).table(table).insert(trips)`,{db:S,table:C,trips:p(Array.from({length:200},(e,t)=>k(t)))}),await o(`r.db(db).table(table).indexWait(index)`,{db:S,table:C,index:w})}var j=()=>o(`r.dbList().contains(db).and(r.db(db).tableList().contains(table))`,{db:S,table:C}),M=`r.db('${S}').table('${C}')`,N=[{title:`How long do people ride, by city?`,text:`${M}\n  .group('city')\n  .avg('minutes')`},{title:`The longest trips in Kyoto, by the index`,text:`${M}\n  .getAll('Kyoto', {index: 'city'})\n  .orderBy(r.desc('minutes'))\n  .limit(5)`},{title:`Follow the newest trips live`,text:`${M}\n  .orderBy({index: r.desc('id')})\n  .limit(3)\n  .changes({includeInitial: true})`}],P=()=>h(`${M}.insert(trip.merge({id: ${M}.max({index: 'id'})('id').add(1), started: r.now()}))`,{trip:p(k(Math.floor(Math.random()*200)))}),F=1e4,I=()=>u(L,F);async function L(){try{return await o(`
      const status = r.db("rethinkdb").table("security_status");
      r.do(status.get("server"), status.get("port/driver"), (server, driver) =>
        ({port: driver("number"), tls: driver("tls"), password: server("password"), reach: driver("reach")}))`)}catch(e){if(e instanceof s&&e.kind===`ReqlPermissionError`)return;throw e}}function R(){return i(t,{children:[i(`h1`,{children:`First steps`}),i(`p`,{class:`quiet`,children:`Five minutes with a table, its queries and a program of yours.`}),i(B,{})]})}var z=5e3;function B(){let{value:e,refresh:t}=u(j,z),{value:n,refresh:r}=I();return i(`ol`,{class:`steps`,children:[i(V,{title:`Make a table to try things with`,done:e===!0,children:i(H,{there:e,onMade:t})}),i(V,{title:`Ask it something`,children:i(U,{there:e===!0})}),i(V,{title:`Connect a program`,children:i(x,{access:n})}),i(V,{title:`Set a password`,done:n?.password===!0,children:i(W,{access:n,onSet:r})})]})}function V({title:e,done:t=!1,children:n}){return i(`li`,{class:`panel step ${t?`done`:``}`,children:[i(`h2`,{children:[e,t&&i(`span`,{class:`step-done`,children:[i(c,{name:`good`}),`Done`]})]}),n]})}function H({there:n,onMade:o}){let[s,u]=r(!1),[d,f]=r(),p=`${S}.${C}`,m=async()=>{u(!0),f(void 0);try{await A(),e(`The table ${p} has 200 documents.`),o()}catch(e){f(e)}u(!1)};return i(t,{children:[i(`p`,{children:[200,` trips with rented bicycles, each a document with numbers, text, a time, a place on the earth, a nested object and an array; and a secondary index by city.`]}),d!==void 0&&i(l,{error:d}),n?i(`p`,{children:[`It is in `,i(`a`,{href:a(`tables`),children:p}),`. When you are done with it, delete it there.`]}):i(`p`,{children:i(`button`,{type:`button`,class:`primary`,disabled:s||n===void 0,onClick:()=>void m(),children:[i(c,{name:`add`}),s?`Making it…`:`Make the table ${p}`]})})]})}function U({there:n}){let r=async()=>{try{await P(),e(`A trip was added. Whoever follows the newest ones sees it.`)}catch(t){e(t instanceof Error?t.message:String(t),`bad`)}};return i(t,{children:[i(`p`,{children:`Each opens in the Data Explorer, where you read it, change it and run it.`}),i(`ul`,{class:`queries`,children:N.map(({title:e,text:t})=>i(`li`,{children:[i(`h3`,{children:e}),i(`pre`,{class:`code`,tabIndex:0,role:`region`,"aria-label":`Query: ${e}`,children:i(`code`,{children:t})}),i(`button`,{type:`button`,disabled:!n,onClick:()=>d(t),children:[i(c,{name:`explorer`}),`Open`,i(`span`,{class:`hidden`,children:[` in the Data Explorer: `,e]})]})]},e))}),n?i(`p`,{class:`hint`,children:[`While the last one runs in another window, `,i(`button`,{type:`button`,class:`link`,onClick:()=>void r(),children:`add a trip`}),` here, and see it come in there.`]}):i(`p`,{class:`hint`,children:`They need the table of the first step.`})]})}function W({access:e,onSet:n}){let[o,s]=r(!1),l=i(t,{children:[`What is open to whom is under `,i(`a`,{href:a(`security`),children:`Security`}),`.`]});return e===void 0?i(`p`,{children:[`Your user may not know whether there is one. `,l]}):e.password?i(`p`,{children:[`admin has a password: nobody gets in without one. `,l]}):i(t,{children:[i(`p`,{children:[e.reach===`machine`?`Only programs on this machine get in now, and they need no password.`:`Other machines get in now, without a password.`,` Set one before you open the server to others. `,l]}),i(`p`,{children:i(`button`,{type:`button`,class:`primary`,onClick:()=>s(!0),children:[i(c,{name:`key`}),`Set a password`]})}),o&&i(m,{name:`admin`,onDone:n,onClose:()=>s(!1)})]})}export{R as Guide};