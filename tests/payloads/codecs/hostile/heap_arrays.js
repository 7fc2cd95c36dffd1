function decodeUplink(input) { var a = []; for (;;) a.push(new Array(1000).fill(1.5)); }
