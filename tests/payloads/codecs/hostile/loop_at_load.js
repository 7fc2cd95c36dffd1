while (true) {}
function decodeUplink(input) { return { data: {} }; }
