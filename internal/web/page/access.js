import{l as e,n as t}from"./failure.js";import{t as n}from"./poll.js";var r=28015,i=1e4,a=()=>n(o,i);async function o(){try{return await e(`
      const status = r.db("rethinkdb").table("security_status");
      r.do(status.get("server"), status.get("port/driver"), (server, driver) =>
        ({port: driver("number"), tls: driver("tls"), password: server("password"), reach: driver("reach")}))`)}catch(e){if(t(e))return;throw e}}export{r as n,a as t};