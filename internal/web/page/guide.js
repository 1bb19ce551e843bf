import{c as e,o as t,t as n}from"./jsxRuntime.js";import{D as r,l as i,t as a}from"./failure.js";import{t as o}from"./poll.js";import{m as s,v as c}from"./page.js";import{t as l}from"./handover.js";import{n as u,t as d}from"./access.js";import{r as f}from"./password.js";import{t as p}from"./code.js";import{t as m}from"./segments.js";import{n as h,t as g}from"./write.js";var _=`RETHINKDB_PASSWORD`,v={JavaScript:({host:e,port:t,tls:n,password:r})=>`// npm install rethinkdb
const r = require('rethinkdb');

async function main() {
  const conn = await r.connect({
    host: '${e}',
    port: ${t},${r?`
    user: 'admin',
    password: process.env.${_},`:``}${n?`
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
    password=os.environ['${_}'],`:``}${n?`
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
		Password: os.Getenv("${_}"),`:``}${n?`
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
            .user("admin", System.getenv("${_}"))`:``}${n?`
            .certFile(new FileInputStream("ca.pem"))`:``}
            .connect();
        System.out.println(r.expr("Hello").run(conn, String.class).single());
        conn.close();
    }
}`};function y({access:r}){let[i,a]=t(`JavaScript`),o=location.hostname.replace(/^\[|\]$/g,``),{port:c=u,tls:l=!1,password:d=!0,reach:f=`machine`}=r??{},h=![`localhost`,`127.0.0.1`,`::1`].includes(o);return n(e,{children:[n(m,{label:`Language`,options:Object.keys(v).map(e=>[e,e]),value:i,onChange:a}),n(p,{label:`The first lines of a program in ${i}`,text:v[i]({host:o,port:c,tls:l,password:d})}),d&&n(`p`,{class:`hint`,children:[`Give each program `,n(`a`,{href:s(`users`),children:`a user of its own`}),`, with what it needs and no more, in place of admin.`]}),l&&n(`p`,{class:`hint`,children:[n(`code`,{children:`ca.pem`}),` is the certificate of the authority that has signed the server's.`]}),r&&h&&f===`machine`&&n(`p`,{class:`hint`,children:[`The driver port serves programs on the server's machine only. From here a tunnel leads to it: `,n(`code`,{children:[`ssh -L `,c,`:localhost:`,c,` USER@`,o]}),`, and then `,n(`code`,{children:`localhost`}),` as the host. Or start the server with `,n(`code`,{children:`--bind all`}),`.`]})]})}var b=`test`,x=`trips`,S=`city`,C=[[`Lisbon`,-9.14,38.72],[`Copenhagen`,12.57,55.68],[`Kyoto`,135.77,35.01],[`Montréal`,-73.57,45.5],[`Nairobi`,36.82,-1.29]],w=[`Ada`,`Bruno`,`Chidi`,`Dalia`,`Emil`,`Fatou`,`Goro`,`Hana`,`Ines`,`Jun`,`Kofi`,`Lena`],T=[`basket`,`child seat`,`electric`,`lock`],E=Date.UTC(2026,5,1,6)/1e3;function D(e){let[t,n,r]=C[e*7%C.length],i=e%3!=0;return{id:e+1,city:t,rider:{name:w[e*5%w.length],member:i},started:{$reql_type$:`TIME`,epoch_time:E+e*2711,timezone:`+00:00`},minutes:4+e*37%53,from:{$reql_type$:`GEOMETRY`,type:`Point`,coordinates:[n+e%11/500,r+e%13/500]},extras:T.filter((t,n)=>(e+n)%4<1+e%2),rating:e%4==0?null:3+e%3}}async function O(){await i(`r.dbList().contains(db).branch(null, r.dbCreate(db))`,{db:b}),await i(`r.db(db).tableCreate(table)`,{db:b,table:x}),await i(`r.db(db).table(table).indexCreate(index)`,{db:b,table:x,index:S}),await g(`r.db(db).table(table).insert(trips)`,{db:b,table:x,trips:h(Array.from({length:200},(e,t)=>D(t)))}),await i(`r.db(db).table(table).indexWait(index)`,{db:b,table:x,index:S})}var k=()=>i(`r.dbList().contains(db).and(r.db(db).tableList().contains(table))`,{db:b,table:x}),A=`r.db('${b}').table('${x}')`,j=[{title:`How long do people ride, by city?`,text:`${A}\n  .group('city')\n  .avg('minutes')`},{title:`The longest trips in Kyoto, by the index`,text:`${A}\n  .getAll('Kyoto', {index: 'city'})\n  .orderBy(r.desc('minutes'))\n  .limit(5)`},{title:`Follow the newest trips live`,text:`${A}\n  .orderBy({index: r.desc('id')})\n  .limit(3)\n  .changes({includeInitial: true})`}],M=()=>g(`${A}.insert(trip.merge({id: ${A}.max({index: 'id'})('id').add(1), started: r.now()}))`,{trip:h(D(Math.floor(Math.random()*200)))});function N(){return n(e,{children:[n(`h1`,{children:`First steps`}),n(`p`,{class:`quiet`,children:`Five minutes with a table, its queries and a program of yours.`}),n(F,{})]})}var P=5e3;function F(){let{value:e,refresh:t}=o(k,P),{value:r,refresh:i}=d();return n(`ol`,{class:`steps`,children:[n(I,{title:`Make a table to try things with`,done:e===!0,children:n(L,{there:e,onMade:t})}),n(I,{title:`Ask it something`,children:n(R,{there:e===!0})}),n(I,{title:`Connect a program`,children:n(y,{access:r})}),n(I,{title:`Set a password`,done:r?.password===!0,children:n(z,{access:r,onSet:i})})]})}function I({title:e,done:t=!1,children:i}){return n(`li`,{class:`panel step ${t?`done`:``}`,children:[n(`h2`,{children:[e,t&&n(`span`,{class:`step-done`,children:[n(r,{name:`good`}),`Done`]})]}),i]})}function L({there:i,onMade:o}){let[l,u]=t(!1),[d,f]=t(),p=`${b}.${x}`,m=async()=>{u(!0),f(void 0);try{await O(),c(`The table ${p} has 200 documents.`),o()}catch(e){f(e)}u(!1)};return n(e,{children:[n(`p`,{children:[200,` trips with rented bicycles, each a document with numbers, text, a time, a place on the earth, a nested object and an array; and a secondary index by city.`]}),d!==void 0&&n(a,{error:d}),i?n(`p`,{children:[`It is in `,n(`a`,{href:s(`tables`),children:p}),`. When you are done with it, delete it there.`]}):n(`p`,{children:n(`button`,{type:`button`,class:`primary`,disabled:l||i===void 0,onClick:()=>void m(),children:[n(r,{name:`add`}),l?`Making it…`:`Make the table ${p}`]})})]})}function R({there:t}){let i=async()=>{try{await M(),c(`A trip was added. Whoever follows the newest ones sees it.`)}catch(e){c(e instanceof Error?e.message:String(e),`bad`)}};return n(e,{children:[n(`p`,{children:`Each opens in the Data Explorer, where you read it, change it and run it.`}),n(`ul`,{class:`first-queries`,children:j.map(({title:e,text:i})=>n(`li`,{children:[n(`h3`,{children:e}),n(`pre`,{class:`code`,tabIndex:0,role:`region`,"aria-label":`Query: ${e}`,children:n(`code`,{children:i})}),n(`button`,{type:`button`,disabled:!t,onClick:()=>l(i),children:[n(r,{name:`explorer`}),`Open`,n(`span`,{class:`hidden`,children:[` in the Data Explorer: `,e]})]})]},e))}),t?n(`p`,{class:`hint`,children:[`While the last one runs in another window, `,n(`button`,{type:`button`,class:`link`,onClick:()=>void i(),children:`add a trip`}),` here, and see it come in there.`]}):n(`p`,{class:`hint`,children:`They need the table of the first step.`})]})}function z({access:i,onSet:a}){let[o,c]=t(!1),l=n(e,{children:[`What is open to whom is under `,n(`a`,{href:s(`security`),children:`Security`}),`.`]});return i===void 0?n(`p`,{children:[`Your user may not know whether there is one. `,l]}):i.password?n(`p`,{children:[`admin has a password: nobody gets in without one. `,l]}):n(e,{children:[n(`p`,{children:[i.reach===`machine`?`Only programs on this machine get in now, and they need no password.`:`Other machines get in now, without a password.`,` Set one before you open the server to others. `,l]}),n(`p`,{children:n(`button`,{type:`button`,class:`primary`,onClick:()=>c(!0),children:[n(r,{name:`key`}),`Set a password`]})}),o&&n(f,{name:`admin`,onDone:a,onClose:()=>c(!1)})]})}export{N as Guide,F as Steps};