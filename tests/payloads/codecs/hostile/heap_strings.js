function decodeUplink(input) { var a = [], s = "x"; for (;;) { s = s + s.slice(0, 100000) + a.length; a.push(s.split("").join("-")); } }
