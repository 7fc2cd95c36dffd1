function decodeUplink(input) { return { data: { a: /^(a+)+$/.test("a".repeat(40) + "b") } }; }
