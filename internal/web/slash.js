
// A reverse proxy may show this page at a path without a slash at its end, where relative links point beside it.
if (!/\/(index\.html)?$/.test(location.pathname)) location.replace(location.pathname + '/' + location.search + location.hash);
