function decodeUplink(input) { return decodeUplink(input); }
