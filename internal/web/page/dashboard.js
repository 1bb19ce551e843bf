import{c as e,f as t,i as n,l as r,u as i}from"./page.js";import{t as a}from"./panel.js";import{t as o}from"./rates.js";import{t as s}from"./poll.js";import{a as c,s as l,t as u}from"./jsxRuntime.js";import{n as d}from"./query.js";var f={JavaScript:(e,t)=>`// npm install rethinkdb
const r = require('rethinkdb');
const conn = await r.connect({host: '${e}', port: ${t}});
console.log(await r.expr('Hello').run(conn));`,Python:(e,t)=>`# pip install rethinkdb
from rethinkdb import r
conn = r.connect(host='${e}', port=${t})
print(r.expr('Hello').run(conn))`,Go:(e,t)=>`// go get gopkg.in/rethinkdb/rethinkdb-go.v6
session, err := r.Connect(r.ConnectOpts{Address: "${e.includes(`:`)?`[${e}]`:e}:${t}"})`,Java:(e,t)=>`// com.rethinkdb:rethinkdb-driver
Connection conn = RethinkDB.r.connection().hostname("${e}").port(${t}).connect();
System.out.println(RethinkDB.r.expr("Hello").run(conn).single());`};function p({port:e}){let[t,n]=c(`JavaScript`),r=location.hostname.replace(/^\[|\]$/g,``);return u(a,{title:`Connect a driver`,actions:u(`div`,{class:`tabs`,role:`group`,"aria-label":`Language`,children:Object.keys(f).map(e=>u(`button`,{type:`button`,"aria-pressed":e===t,onClick:()=>n(e),children:e},e))}),children:u(`pre`,{class:`code`,tabIndex:0,children:u(`code`,{children:f[t]?.(r,e)})})})}var m=()=>d(`
  const system = r.db("rethinkdb");
  r.do(
    system.table("stats").filter(row => row("id")(0).eq("table_server")).coerceTo("array"),
    system.table("stats").filter(row => row("id")(0).eq("server")).coerceTo("array"),
    system.table("server_status").coerceTo("array"),
    system.table("table_status").coerceTo("array"),
    (onTables, onServers, servers, tables) => ({
      servers: servers.map(server => ({
        id: server("id"), name: server("name"), hostname: server("network")("hostname"),
        version: server("process")("version"), port: server("network")("reql_port"),
        uptime: r.now().sub(server("process")("time_started")),
        clients: onServers.filter(row => row("id")(1).eq(server("id"))).map(row => row("query_engine")("client_connections")).sum(),
      })),
      tables: tables.count(),
      ready: tables.filter(table => table("status")("all_replicas_ready")).count(),
      indexes: system.table("table_config").map(table => table("indexes").count()).sum(),
      building: system.table("jobs").filter({type: "index_construction"}).count(),
      cacheBytes: onTables.map(row => row("storage_engine")("cache")("in_use_bytes").default(0)).sum(),
      cacheLimit: servers.map(server => server("process")("cache_size_mb").mul(1024 * 1024)).sum(),
      diskBytes: onTables.map(row => row("storage_engine")("disk")("space_usage")("data_bytes").default(0)).sum(),
      issues: system.table("current_issues").pluck("id", "type", "critical", "description").coerceTo("array"),
    }))`),h=5e3;function g(){let{value:e,error:t}=s(m,h);return u(l,{children:[u(`h1`,{class:`hidden`,children:`Dashboard`}),t!==void 0&&u(n,{error:t}),e&&u(_,{overview:e}),e&&u(y,{issues:e.issues}),u(a,{title:`Cluster performance`,children:u(o,{of:[`cluster`]})}),e&&u(b,{overview:e}),u(p,{port:e?.servers[0]?.port??28015})]})}function _({overview:{servers:t,tables:n,ready:r,indexes:a,building:o,cacheBytes:s,cacheLimit:c,diskBytes:l}}){return u(`dl`,{class:`facts`,children:[u(v,{name:`Servers`,value:i(t.length),note:`connected`,good:!0}),u(v,{name:`Tables`,value:`${i(r)}/${i(n)}`,note:`ready`,good:r===n}),u(v,{name:`Secondary indexes`,value:i(a),note:o>0?`${o} building`:`all built`,good:o===0}),u(v,{name:`Cache`,value:e(s),note:`of ${e(c)}`,good:!0}),u(v,{name:`On disk`,value:e(l),note:`data of tables`,good:!0})]})}function v({name:e,value:t,note:n,good:r}){return u(`div`,{class:r?`fact`:`fact attention`,children:[u(`dt`,{children:e}),u(`dd`,{children:[u(`b`,{children:t}),` `,n]})]})}function y({issues:e}){return e.length===0?u(`p`,{class:`no-issues`,children:[u(`span`,{class:`light good`,"aria-hidden":`true`}),`No issues`]}):u(a,{title:`${t(e.length,`issue`)} to resolve`,children:u(`ul`,{class:`issues`,children:e.map(e=>u(`li`,{children:[u(`span`,{class:`badge ${e.critical?`bad`:``}`,children:e.type.replaceAll(`_`,` `)}),u(`p`,{class:`text`,children:e.description})]},e.id))})})}function b({overview:{servers:e}}){return u(a,{title:`Servers`,children:u(`div`,{class:`scroll`,children:u(`table`,{class:`list`,children:[u(`thead`,{children:u(`tr`,{children:[u(`th`,{scope:`col`,children:`Name`}),u(`th`,{scope:`col`,children:`Host`}),u(`th`,{scope:`col`,children:`Version`}),u(`th`,{scope:`col`,children:`Up for`}),u(`th`,{scope:`col`,class:`number`,children:`Clients`})]})}),u(`tbody`,{children:e.map(e=>u(`tr`,{children:[u(`th`,{scope:`row`,children:e.name}),u(`td`,{children:e.hostname}),u(`td`,{children:e.version}),u(`td`,{children:r(e.uptime)}),u(`td`,{class:`number`,children:i(e.clients)})]},e.id))})]})})})}export{g as Dashboard};