function* forever() { while (true) yield 1; }
function decodeUplink(input) { for (const one of forever()) {} return { data: {} }; }
