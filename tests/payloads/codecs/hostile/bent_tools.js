JSON.stringify = function () { return "x"; }; JSON.parse = null; Array.prototype.join = function () { return "y"; };
Object.prototype.toJSON = function () { return 1; }; Error.prototype.toString = null;
Reflect.apply = null; Array.prototype[0] = "z"; Object.defineProperty(Object.prototype, "x", { get: function () { return "timeout"; } });
function decodeUplink(input) { return { data: { a: 1 } }; }
