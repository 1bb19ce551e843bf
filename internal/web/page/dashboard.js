import{c as e,t}from"./failure.js";import{c as n,o as r,s as i,u as a}from"./page.js";import{t as o}from"./panel.js";import{t as s}from"./rates.js";import{t as c}from"./poll.js";import{c as l,o as u,t as d}from"./jsxRuntime.js";var f={JavaScript:(e,t)=>`// npm install rethinkdb
const r = require('rethinkdb');
const conn = await r.connect({host: '${e}', port: ${t}});
console.log(await r.expr('Hello').run(conn));`,Python:(e,t)=>`# pip install rethinkdb
from rethinkdb import r
conn = r.connect(host='${e}', port=${t})
print(r.expr('Hello').run(conn))`,Go:(e,t)=>`// go get gopkg.in/rethinkdb/rethinkdb-go.v6
session, err := r.Connect(r.ConnectOpts{Address: "${e.includes(`:`)?`[${e}]`:e}:${t}"})`,Java:(e,t)=>`// com.rethinkdb:rethinkdb-driver
Connection conn = RethinkDB.r.connection().hostname("${e}").port(${t}).connect();
System.out.println(RethinkDB.r.expr("Hello").run(conn).single());`};function p({port:e}){let[t,n]=u(`JavaScript`),r=location.hostname.replace(/^\[|\]$/g,``);return d(o,{title:`Connect a driver`,actions:d(`div`,{class:`tabs`,role:`group`,"aria-label":`Language`,children:Object.keys(f).map(e=>d(`button`,{type:`button`,"aria-pressed":e===t,onClick:()=>n(e),children:e},e))}),children:d(`pre`,{class:`code`,tabIndex:0,children:d(`code`,{children:f[t]?.(r,e)})})})}var m=()=>e(`
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
    }))`),h=5e3;function g(){let{value:e,error:n}=c(m,h);return d(l,{children:[d(`h1`,{class:`hidden`,children:`Dashboard`}),n!==void 0&&d(t,{error:n}),e&&d(_,{overview:e}),e&&d(y,{issues:e.issues}),d(o,{title:`Cluster performance`,children:d(s,{of:[`cluster`]})}),e&&d(b,{overview:e}),d(p,{port:e?.servers[0]?.port??28015})]})}function _({overview:{servers:e,tables:t,ready:i,indexes:a,building:o,cacheBytes:s,cacheLimit:c,diskBytes:l}}){return d(`dl`,{class:`facts`,children:[d(v,{name:`Servers`,value:n(e.length),note:`connected`,good:!0}),d(v,{name:`Tables`,value:`${n(i)}/${n(t)}`,note:`ready`,good:i===t}),d(v,{name:`Secondary indexes`,value:n(a),note:o>0?`${o} building`:`all built`,good:o===0}),d(v,{name:`Cache`,value:r(s),note:`of ${r(c)}`,good:!0}),d(v,{name:`On disk`,value:r(l),note:`data of tables`,good:!0})]})}function v({name:e,value:t,note:n,good:r}){return d(`div`,{class:r?`fact`:`fact attention`,children:[d(`dt`,{children:e}),d(`dd`,{children:[d(`b`,{children:t}),` `,n]})]})}function y({issues:e}){return e.length===0?d(`p`,{class:`no-issues`,children:[d(`span`,{class:`light good`,"aria-hidden":`true`}),`No issues`]}):d(o,{title:`${a(e.length,`issue`)} to resolve`,children:d(`ul`,{class:`issues`,children:e.map(e=>d(`li`,{children:[d(`span`,{class:`badge ${e.critical?`bad`:``}`,children:e.type.replaceAll(`_`,` `)}),d(`p`,{class:`text`,children:e.description})]},e.id))})})}function b({overview:{servers:e}}){return d(o,{title:`Servers`,children:d(`div`,{class:`scroll`,children:d(`table`,{class:`list`,children:[d(`thead`,{children:d(`tr`,{children:[d(`th`,{scope:`col`,children:`Name`}),d(`th`,{scope:`col`,children:`Host`}),d(`th`,{scope:`col`,children:`Version`}),d(`th`,{scope:`col`,children:`Up for`}),d(`th`,{scope:`col`,class:`number`,children:`Clients`})]})}),d(`tbody`,{children:e.map(e=>d(`tr`,{children:[d(`th`,{scope:`row`,children:e.name}),d(`td`,{children:e.hostname}),d(`td`,{children:e.version}),d(`td`,{children:i(e.uptime)}),d(`td`,{class:`number`,children:n(e.clients)})]},e.id))})]})})})}export{g as Dashboard};