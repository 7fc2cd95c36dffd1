function decodeUplink(input) { return { data: { a: eval("(".repeat(1e5) + "1" + ")".repeat(1e5)) } }; }
