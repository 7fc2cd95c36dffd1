// Runs after the codec's source, in the same global scope, so it also sees let and const.
// Says which functions the source has, and which of them does what: the first of a line wins.
(function () {
  const given = (typeof module === "object" && module && module.exports) || {};
  const shared = (typeof exports === "object" && exports) || {};
  const pick = function (own, name) {
    if (typeof own === "function") return own;
    if (typeof given[name] === "function") return given[name];
    return typeof shared[name] === "function" ? shared[name] : null;
  };
  const all = [
    ["decode", "decodeUplink", typeof decodeUplink === "function" ? decodeUplink : null],
    ["decode", "Decode", typeof Decode === "function" ? Decode : null],
    ["decode", "Decoder", typeof Decoder === "function" ? Decoder : null],
    ["normalize", "normalizeUplink", typeof normalizeUplink === "function" ? normalizeUplink : null],
    ["encode", "encodeDownlink", typeof encodeDownlink === "function" ? encodeDownlink : null],
    ["encode", "Encode", typeof Encode === "function" ? Encode : null],
    ["encode", "Encoder", typeof Encoder === "function" ? Encoder : null],
    ["meaning", "decodeDownlink", typeof decodeDownlink === "function" ? decodeDownlink : null],
  ];
  const entry = { names: "", decode: null, normalize: null, encode: null, meaning: null };
  for (let at = 0; at < all.length; at++) {
    const task = all[at][0], name = all[at][1], fn = pick(all[at][2], name);
    if (fn === null) continue;
    entry.names += " " + name;
    if (entry[task] === null) entry[task] = { kind: name, fn };
  }
  return entry;
})();
