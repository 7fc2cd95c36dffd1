// Runs after the codec's source, in the same global scope, so it also sees let and const.
(function () {
  const given = (typeof module === "object" && module && module.exports) || {};
  const shared = (typeof exports === "object" && exports) || {};
  const pick = function (own, name) {
    if (typeof own === "function") return own;
    if (typeof given[name] === "function") return given[name];
    return typeof shared[name] === "function" ? shared[name] : null;
  };
  const found = [
    ["decodeUplink", pick(typeof decodeUplink === "function" ? decodeUplink : null, "decodeUplink")],
    ["Decode", pick(typeof Decode === "function" ? Decode : null, "Decode")],
    ["Decoder", pick(typeof Decoder === "function" ? Decoder : null, "Decoder")],
  ].filter(function (entry) { return entry[1] !== null; })[0];
  return found ? { kind: found[0], fn: found[1] } : { kind: "", fn: null };
})();
