function decodeUplink(input) { return { data: { a: { toJSON: function () { for (;;) {} } } } }; }
