function decodeUplink(input) { return { data: { a: "x".repeat(3e6) } }; }
