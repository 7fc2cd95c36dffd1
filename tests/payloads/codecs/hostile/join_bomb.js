function decodeUplink(input) { return { data: { a: new Array(268435456).join("") } }; }
