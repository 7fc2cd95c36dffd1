function decodeUplink(input) { var p = new Proxy({}, {}); for (var i = 0; i < 1e5; i++) p = new Proxy(p, {}); return { data: { a: p.x } }; }
