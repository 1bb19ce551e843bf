import{a as e}from"./page.js";import{t}from"./poll.js";import{n}from"./query.js";var r=28015,i=1e4,a=()=>t(o,i);async function o(){try{return await n(`
      const status = r.db("rethinkdb").table("security_status");
      r.do(status.get("server"), status.get("port/driver"), (server, driver) =>
        ({port: driver("number"), tls: driver("tls"), password: server("password"), reach: driver("reach")}))`)}catch(t){if(e(t))return;throw t}}export{r as n,a as t};