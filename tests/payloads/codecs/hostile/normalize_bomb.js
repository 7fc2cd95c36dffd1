function decodeUplink(input) { return { data: { a: "\u0344".repeat(2e6).normalize("NFD").length } }; }
