function decodeUplink(input) { var d = {}; d.d = d; return { data: d }; }
