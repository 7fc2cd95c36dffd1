function decodeUplink(input) { throw { toString: function () { for (;;) {} } }; }
