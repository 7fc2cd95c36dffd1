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
  const apply = Reflect.apply;
  const join = Array.prototype.join;

  const silent = function () {};
  const console = {};
  for (const name of ["log", "info", "warn", "error", "debug", "trace", "table", "dir", "assert",
    "group", "groupCollapsed", "groupEnd", "time", "timeEnd", "timeLog", "count"]) {
    console[name] = silent;
  }
  const exported = {};
  const give = function (name, value) {
    Object.defineProperty(globalThis, name, {
      value, writable: true, configurable: true, enumerable: false,
    });
  };
  give("console", console);
  give("module", { exports: exported });
  give("exports", exported);
  give("require", function require(name) {
    if (name === "buffer" || name === "node:buffer") return { Buffer: globalThis.Buffer };
    throw new Error("require is not available: " + text(name));
  });

  const call = {
    decodeUplink: (fn, bytes, port, at, variables) =>
      fn({ bytes, fPort: port, recvTime: new NativeDate(at), variables }),
    Decode: (fn, bytes, port, at, variables) => fn(port, bytes, variables),
    Decoder: (fn, bytes, port) => fn(bytes, port),
  };

  // For results with null (was it NaN?), BigInt, or an unwilling toJSON.
  function careful(answer) {
    const lost = [];
    const line = stringify(answer, function (key, value) {
      if (typeof value === "bigint") return Number(value);
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

  function one(kind, fn, item) {
    try {
      const out = call[kind](fn, item[0], item[1], item[2], item[3] || {});
      if (kind !== "decodeUplink" || out === null || typeof out !== "object") return { d: out };
      return out.warnings || out.errors
        ? { d: out.data, w: out.warnings, e: out.errors }
        : { d: out.data };
    } catch (error) {
      return explain(error);
    }
  }

  function written(answer, limit) {
    let line;
    try {
      line = careful(answer);
    } catch (error) {
      line = stringify(explain(error));
    }
    return line.length > limit ? '{"x":"too_big"}' : line;
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
  return function run(kind, fn, items, limit, total) {
    if (items === "") return slow(limit, total);
    const jobs = parse(items);
    answers = [];
    for (let number = 0; number < jobs.length; number++) {
      answers[number] = one(kind, fn, jobs[number]);
    }
    return quick(limit);
  };
})();
