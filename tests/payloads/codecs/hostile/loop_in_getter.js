function decodeUplink(input) { return { get data() { for (;;) {} } }; }
