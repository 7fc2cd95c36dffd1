function decodeUplink(input) { var d = {}; for (var i = 0; i < 20000; i++) d["key" + i] = i; return { data: d }; }
