// The inner side of the sandbox. Runs before the codec's source and keeps its own copies of
// what it needs, so a codec that bends JSON or Error bends only its own results.
(function () {
  "use strict";
  const parse = JSON.parse;
  const stringify = JSON.stringify;
  const isFinite = Number.isFinite;
  const NativeDate = Date;
  const Broken = InternalError;
  const text = String;
  const asNumber = Number;
  const apply = Reflect.apply;
  const define = Object.defineProperty;
  const freeze = Object.freeze;
  const keysOf = Reflect.ownKeys;
  const isArray = Array.isArray;
  const isView = ArrayBuffer.isView;
  const join = Array.prototype.join;

  const BYTES_MAX = 255; // of a downlink
  const TOO_BIG = '{"x":"too_big"}';

  const silent = function () {};
  const console = {};
  for (const name of ["log", "info", "warn", "error", "debug", "trace", "table", "dir", "assert",
    "group", "groupCollapsed", "groupEnd", "time", "timeEnd", "timeLog", "count"]) {
    console[name] = silent;
  }
  const exported = {};
  const give = function (name, value) {
    define(globalThis, name, {
      value, writable: true, configurable: true, enumerable: false,
    });
  };
  give("console", console);
  give("module", { exports: exported });
  give("exports", exported);
  // Milesight's. It stands here before the source so that it stays ours to set anew.
  give("LoRaObject", undefined);
  give("require", function require(name) {
    if (name === "buffer" || name === "node:buffer") return { Buffer: globalThis.Buffer };
    throw new Error("require is not available: " + text(name));
  });

  const call = {
    decodeUplink: (fn, bytes, port, at, variables) =>
      fn({ bytes, fPort: port, recvTime: new NativeDate(at), variables }),
    Decode: (fn, bytes, port, at, variables) => fn(port, bytes, variables),
    Decoder: (fn, bytes, port) => fn(bytes, port),
    decodeDownlink: (fn, bytes, port) => fn({ bytes, fPort: port }),
    encodeDownlink: (fn, data, port, at, variables) => fn({ data, fPort: port, variables }),
    Encode: (fn, data, port, at, variables) => fn(port, data, variables),
    Encoder: (fn, data, port) => fn(data, port),
  };

  // For results with null (was it NaN?), BigInt, or an unwilling toJSON.
  function careful(answer) {
    const lost = [];
    const line = stringify(answer, function (key, value) {
      if (typeof value === "bigint") return asNumber(value);
      if (typeof value === "number" && !isFinite(value) && lost.length < 20) lost[lost.length] = key;
      return value;
    });
    return lost.length ? line.slice(0, -1) + ',"n":' + stringify(lost) + "}" : line;
  }

  function rethrow(error) {
    if (error instanceof Broken && error.message === "out of memory") throw error;
  }

  function explain(error) {
    rethrow(error);
    let message = "", stack = "";
    try {
      message = text(error).slice(0, 500);
      stack = text(error && error.stack).slice(0, 300);
    } catch (again) {
      rethrow(again);
      message = message || "the codec threw something that cannot be shown";
    }
    // With no memory left for an error object the engine throws these.
    if (message === "null" || message === "[uninitialized]") throw new Broken("out of memory");
    return { x: "exception", m: message, s: stack };
  }

  function one(invoke, fn, isBare, item) {
    try {
      const out = invoke(fn, item[0], item[1], item[2], item[3] || {});
      if (isBare || out === null || typeof out !== "object") return { d: out };
      return out.warnings || out.errors
        ? { d: out.data, w: out.warnings, e: out.errors }
        : { d: out.data };
    } catch (error) {
      return explain(error);
    }
  }

  function oneTold(invoke, fn, isBare, item) {
    try {
      tell(item[4]);
    } catch (error) {
      return explain(error);
    }
    return one(invoke, fn, isBare, item);
  }

  // The uplink's LoRaObject: made anew and frozen for each, whatever became of the one before.
  function tell(facts) {
    define(globalThis, "LoRaObject", {
      value: frozen(facts), writable: true, configurable: true, enumerable: false,
    });
  }

  function frozen(value) {
    if (value === null || typeof value !== "object") return value;
    const keys = keysOf(value);
    for (let at = 0; at < keys.length; at++) frozen(value[keys[at]]);
    return freeze(value);
  }

  function unBig(key, value) {
    return typeof value === "bigint" ? asNumber(value) : value;
  }

  // Adds what normalizeUplink says as a text of its own: whatever it is, it spoils no value.
  // It gets a copy, so it cannot bend the decoded values either.
  function addNormalized(fn, answer, limit) {
    try {
      const data = answer.d, errors = answer.e;
      if (answer.x !== undefined || data === null || typeof data !== "object") return;
      if (errors && errors.length !== 0) return;
      const out = fn({ data: parse(stringify(data, unBig)) });
      const line = careful({ d: out.data, w: out.warnings, e: out.errors });
      answer.z = line.length > limit ? TOO_BIG : line;
    } catch (error) {
      answer.z = stringify(explain(error));
    }
  }

  function encoded(invoke, fn, isBare, item) {
    try {
      let out = invoke(fn, item[0], item[1], 0, item[2]);
      if (isBare || out === null || typeof out !== "object" || isList(out)) out = { bytes: out };
      const answer = plainBytes(out.bytes);
      const port = out.fPort;
      if (port !== undefined && port !== null) answer.p = typeof port === "number" ? port : "bad";
      if (out.warnings) answer.w = out.warnings;
      if (out.errors) answer.e = out.errors;
      return answer;
    } catch (error) {
      return explain(error);
    }
  }

  function isList(value) {
    return isArray(value) || isView(value);
  }

  function plainBytes(bytes) {
    if (!isList(bytes)) return {};
    const length = bytes.length;
    if (length > BYTES_MAX) return { x: "too_big" };
    const plain = [];
    for (let at = 0; at < length; at++) {
      const value = unBig("", bytes[at]);
      if (typeof value !== "number" || !isFinite(value)) return { x: "bad_bytes", m: text(at) };
      plain[at] = value;
    }
    return { d: plain };
  }

  function written(answer, limit) {
    let line;
    try {
      line = careful(answer);
    } catch (error) {
      line = stringify(explain(error));
    }
    if (line.length <= limit) return line;
    if (answer.z === undefined || answer.z === TOO_BIG) return TOO_BIG;
    answer.z = TOO_BIG;
    return written(answer, limit);
  }

  let answers = [];

  // All results as one JSON list: twice as fast as one text each, and right for nearly all.
  function quick(limit) {
    try {
      const list = stringify(answers);
      return list.length > limit ? "" : list;
    } catch (error) {
      rethrow(error);
      return "";
    }
  }

  // A line each, so that a result that cannot be written costs no other.
  function slow(limit, total) {
    const lines = [];
    let size = 0;
    for (let number = 0; number < answers.length; number++) {
      const line = written(answers[number], limit);
      size += line.length;
      if (size > total) throw new RangeError("noroshi: batch too big");
      lines[number] = line;
    }
    // Joined, not added up: the host cannot read a string that the engine keeps in pieces.
    return apply(join, lines, ["\n"]);
  }

  // First with the items, then, where the host does not like the list, with "" for the lines.
  // task: decode, decode_only (without normalizeUplink), encode or meaning (of a downlink).
  return function run(entry, task, items, limit, total) {
    if (items === "") return slow(limit, total);
    const jobs = parse(items);
    const normalize = task === "decode" ? entry.normalize : null;
    const found = entry[task === "decode_only" ? "decode" : task];
    const invoke = call[found.kind], fn = found.fn;
    const isBare = !(found.kind === "decodeUplink" || task === "meaning"
      || found.kind === "encodeDownlink");
    let work = one;
    if (task === "encode") work = encoded;
    else if (jobs.length > 0 && jobs[0].length > 4) work = oneTold;
    if (task === "encode" || task === "meaning") give("LoRaObject", undefined);
    answers = [];
    for (let number = 0; number < jobs.length; number++) {
      answers[number] = work(invoke, fn, isBare, jobs[number]);
      if (normalize !== null) addNormalized(normalize.fn, answers[number], limit);
    }
    return quick(limit);
  };
})();
