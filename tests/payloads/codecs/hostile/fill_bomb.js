function decodeUplink(input) { return { data: { a: new Array(268435456).fill(1).length } }; }
