import{A as e,B as t,L as n,O as r,R as i,_ as a,i as o,k as s,p as c,y as l}from"./page.js";import{t as u}from"./poll.js";import{t as d}from"./handover.js";import{S as f,r as p,w as m,x as h}from"./password.js";function g(e,t,n){switch(e){case`ArrowRight`:return(t+1)%n;case`ArrowLeft`:return(t-1+n)%n;case`Home`:return 0;case`End`:return n-1}}function _({label:t,options:r,value:i,onChange:a}){let o=n(null);return e(`div`,{class:`segments`,ref:o,role:`radiogroup`,"aria-label":t,onKeyDown:e=>{let t=g(e.key,r.findIndex(([e])=>e===i),r.length);t!==void 0&&(e.preventDefault(),a(r[t][0]),o.current.querySelectorAll(`button`)[t]?.focus())},children:r.map(([t,n])=>e(`button`,{type:`button`,role:`radio`,"aria-checked":t===i,tabIndex:t===i?0:-1,onClick:()=>a(t),children:n},t))})}var v=`RETHINKDB_PASSWORD`,y={JavaScript:({host:e,port:t,tls:n,password:r})=>`// npm install rethinkdb
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
}`},b=28015;function x({access:n}){let[r,a]=i(`JavaScript`),o=location.hostname.replace(/^\[|\]$/g,``),{port:s=b,tls:l=!1,password:u=!0,reach:d=`machine`}=n??{},f=![`localhost`,`127.0.0.1`,`::1`].includes(o);return e(t,{children:[e(_,{label:`Language`,options:Object.keys(y).map(e=>[e,e]),value:r,onChange:a}),e(m,{label:`The first lines of a program in ${r}`,text:y[r]({host:o,port:s,tls:l,password:u})}),u&&e(`p`,{class:`hint`,children:[`Give each program `,e(`a`,{href:c(`users`),children:`a user of its own`}),`, with what it needs and no more, in place of admin.`]}),l&&e(`p`,{class:`hint`,children:[e(`code`,{children:`ca.pem`}),` is the certificate of the authority that has signed the server's.`]}),n&&f&&d===`machine`&&e(`p`,{class:`hint`,children:[`The driver port serves programs on the server's machine only. From here a tunnel leads to it: `,e(`code`,{children:[`ssh -L `,s,`:localhost:`,s,` USER@`,o]}),`, and then `,e(`code`,{children:`localhost`}),` as the host. Or start the server with `,e(`code`,{children:`--bind all`}),`.`]})]})}var S=`test`,C=`trips`,w=`city`,T=[[`Lisbon`,-9.14,38.72],[`Copenhagen`,12.57,55.68],[`Kyoto`,135.77,35.01],[`Montréal`,-73.57,45.5],[`Nairobi`,36.82,-1.29]],E=[`Ada`,`Bruno`,`Chidi`,`Dalia`,`Emil`,`Fatou`,`Goro`,`Hana`,`Ines`,`Jun`,`Kofi`,`Lena`],D=[`basket`,`child seat`,`electric`,`lock`],O=Date.UTC(2026,5,1,6)/1e3;function k(e){let[t,n,r]=T[e*7%T.length],i=e%3!=0;return{id:e+1,city:t,rider:{name:E[e*5%E.length],member:i},started:{$reql_type$:`TIME`,epoch_time:O+e*2711,timezone:`+00:00`},minutes:4+e*37%53,from:{$reql_type$:`GEOMETRY`,type:`Point`,coordinates:[n+e%11/500,r+e%13/500]},extras:D.filter((t,n)=>(e+n)%4<1+e%2),rating:e%4==0?null:3+e%3}}async function A(){await a(`r.dbList().contains(db).branch(null, r.dbCreate(db))`,{db:S}),await a(`r.db(db).tableCreate(table)`,{db:S,table:C}),await a(`r.db(db).table(table).indexCreate(index)`,{db:S,table:C,index:w}),await h(`r.db(db).table(table).insert(trips)`,{db:S,table:C,trips:f(Array.from({length:200},(e,t)=>k(t)))}),await a(`r.db(db).table(table).indexWait(index)`,{db:S,table:C,index:w})}var j=()=>a(`r.dbList().contains(db).and(r.db(db).tableList().contains(table))`,{db:S,table:C}),M=`r.db('${S}').table('${C}')`,N=[{title:`How long do people ride, by city?`,text:`${M}\n  .group('city')\n  .avg('minutes')`},{title:`The longest trips in Kyoto, by the index`,text:`${M}\n  .getAll('Kyoto', {index: 'city'})\n  .orderBy(r.desc('minutes'))\n  .limit(5)`},{title:`Follow the newest trips live`,text:`${M}\n  .orderBy({index: r.desc('id')})\n  .limit(3)\n  .changes({includeInitial: true})`}],P=()=>h(`${M}.insert(trip.merge({id: ${M}.max({index: 'id'})('id').add(1), started: r.now()}))`,{trip:f(k(Math.floor(Math.random()*200)))}),F=1e4,I=()=>u(L,F);async function L(){try{return await a(`
      const status = r.db("rethinkdb").table("security_status");
      r.do(status.get("server"), status.get("port/driver"), (server, driver) =>
        ({port: driver("number"), tls: driver("tls"), password: server("password"), reach: driver("reach")}))`)}catch(e){if(e instanceof l&&e.kind===`ReqlPermissionError`)return;throw e}}function R(){return e(t,{children:[e(`h1`,{children:`First steps`}),e(`p`,{class:`quiet`,children:`Five minutes with a table, its queries and a program of yours.`}),e(B,{})]})}var z=5e3;function B(){let{value:t,refresh:n}=u(j,z),{value:r,refresh:i}=I();return e(`ol`,{class:`steps`,children:[e(V,{title:`Make a table to try things with`,done:t===!0,children:e(H,{there:t,onMade:n})}),e(V,{title:`Ask it something`,children:e(U,{there:t===!0})}),e(V,{title:`Connect a program`,children:e(x,{access:r})}),e(V,{title:`Set a password`,done:r?.password===!0,children:e(W,{access:r,onSet:i})})]})}function V({title:t,done:n=!1,children:r}){return e(`li`,{class:`panel step ${n?`done`:``}`,children:[e(`h2`,{children:[t,n&&e(`span`,{class:`step-done`,children:[e(s,{name:`good`}),`Done`]})]}),r]})}function H({there:n,onMade:a}){let[l,u]=i(!1),[d,f]=i(),p=`${S}.${C}`,m=async()=>{u(!0),f(void 0);try{await A(),r(`The table ${p} has 200 documents.`),a()}catch(e){f(e)}u(!1)};return e(t,{children:[e(`p`,{children:[200,` trips with rented bicycles, each a document with numbers, text, a time, a place on the earth, a nested object and an array; and a secondary index by city.`]}),d!==void 0&&e(o,{error:d}),n?e(`p`,{children:[`It is in `,e(`a`,{href:c(`tables`),children:p}),`. When you are done with it, delete it there.`]}):e(`p`,{children:e(`button`,{type:`button`,class:`primary`,disabled:l||n===void 0,onClick:()=>void m(),children:[e(s,{name:`add`}),l?`Making it…`:`Make the table ${p}`]})})]})}function U({there:n}){let i=async()=>{try{await P(),r(`A trip was added. Whoever follows the newest ones sees it.`)}catch(e){r(e instanceof Error?e.message:String(e),`bad`)}};return e(t,{children:[e(`p`,{children:`Each opens in the Data Explorer, where you read it, change it and run it.`}),e(`ul`,{class:`queries`,children:N.map(({title:t,text:r})=>e(`li`,{children:[e(`h3`,{children:t}),e(`pre`,{class:`code`,tabIndex:0,role:`region`,"aria-label":`Query: ${t}`,children:e(`code`,{children:r})}),e(`button`,{type:`button`,disabled:!n,onClick:()=>d(r),children:[e(s,{name:`explorer`}),`Open`,e(`span`,{class:`hidden`,children:[` in the Data Explorer: `,t]})]})]},t))}),n?e(`p`,{class:`hint`,children:[`While the last one runs in another window, `,e(`button`,{type:`button`,class:`link`,onClick:()=>void i(),children:`add a trip`}),` here, and see it come in there.`]}):e(`p`,{class:`hint`,children:`They need the table of the first step.`})]})}function W({access:n,onSet:r}){let[a,o]=i(!1),l=e(t,{children:[`What is open to whom is under `,e(`a`,{href:c(`security`),children:`Security`}),`.`]});return n===void 0?e(`p`,{children:[`Your user may not know whether there is one. `,l]}):n.password?e(`p`,{children:[`admin has a password: nobody gets in without one. `,l]}):e(t,{children:[e(`p`,{children:[n.reach===`machine`?`Only programs on this machine get in now, and they need no password.`:`Other machines get in now, without a password.`,` Set one before you open the server to others. `,l]}),e(`p`,{children:e(`button`,{type:`button`,class:`primary`,onClick:()=>o(!0),children:[e(s,{name:`key`}),`Set a password`]})}),a&&e(p,{name:`admin`,onDone:r,onClose:()=>o(!1)})]})}export{R as Guide};