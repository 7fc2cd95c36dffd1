function decodeUplink(input) { var d = {}; for (var i = 0; i < 1e5; i++) d = { d: d }; return { data: d }; }
