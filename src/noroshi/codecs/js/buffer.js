// The part of Node's Buffer that device codecs use, written anew: reading, writing is not needed.
(function () {
  "use strict";
  const DIGITS = "0123456789abcdef";
  const CODE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

  function fromHex(text) {
    const bytes = [];
    for (let at = 0; at + 1 < text.length; at += 2) {
      const pair = text.slice(at, at + 2);
      if (!/^[0-9a-fA-F]{2}$/.test(pair)) break;
      bytes.push(parseInt(pair, 16));
    }
    return bytes;
  }

  function fromBase64(text) {
    const bytes = [];
    let held = 0, bits = 0;
    for (const sign of text.replace(/-/g, "+").replace(/_/g, "/")) {
      if (sign === "=") break;
      const six = CODE.indexOf(sign);
      if (six < 0) continue;
      held = ((held << 6) | six) & 0xffff;
      bits += 6;
      if (bits >= 8) {
        bits -= 8;
        bytes.push((held >> bits) & 0xff);
      }
    }
    return bytes;
  }

  function fromUtf8(text) {
    const bytes = [];
    for (const sign of text) {
      let code = sign.codePointAt(0);
      if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
      if (code < 0x80) bytes.push(code);
      else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
      else if (code < 0x10000) {
        bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
      } else {
        bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63),
          0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
      }
    }
    return bytes;
  }

  function toUtf8(bytes) {
    let text = "";
    for (let at = 0; at < bytes.length;) {
      const first = bytes[at++];
      const more = first < 0x80 ? 0 : first >= 0xf0 && first < 0xf5 ? 3
        : first >= 0xe0 && first < 0xf0 ? 2 : first >= 0xc2 && first < 0xe0 ? 1 : -1;
      let code = more < 0 ? 0xfffd : more === 0 ? first : first & (0x3f >> more);
      let read = 0;
      while (read < more && at + read < bytes.length && (bytes[at + read] & 0xc0) === 0x80) {
        code = (code << 6) | (bytes[at + read++] & 0x3f);
      }
      const least = [0, 0x80, 0x800, 0x10000][more] || 0;
      const bad = more > 0
        && (read < more || code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff));
      if (!bad) at += read;
      text += String.fromCodePoint(bad ? 0xfffd : code);
    }
    return text;
  }

  function toBase64(bytes) {
    let text = "";
    for (let at = 0; at < bytes.length; at += 3) {
      const left = bytes.length - at;
      const three = (bytes[at] << 16) | ((left > 1 ? bytes[at + 1] : 0) << 8)
        | (left > 2 ? bytes[at + 2] : 0);
      text += CODE[three >> 18] + CODE[(three >> 12) & 63]
        + (left > 1 ? CODE[(three >> 6) & 63] : "=") + (left > 2 ? CODE[three & 63] : "=");
    }
    return text;
  }

  function eachByte(bytes, mask) {
    let text = "";
    for (let at = 0; at < bytes.length; at++) text += String.fromCharCode(bytes[at] & mask);
    return text;
  }

  function fromText(text, encoding) {
    switch (String(encoding || "utf8").toLowerCase()) {
      case "hex": return fromHex(text);
      case "base64": case "base64url": return fromBase64(text);
      case "ascii": case "latin1": case "binary":
        return Array.from(text, (sign) => sign.charCodeAt(0) & 0xff);
      default: return fromUtf8(text);
    }
  }

  class Buffer extends Uint8Array {
    static from(value, encoding, length) {
      if (typeof value === "string") return new Buffer(fromText(value, encoding));
      if (value instanceof ArrayBuffer) return new Buffer(value, encoding, length);
      if (value && value.type === "Buffer" && Array.isArray(value.data)) value = value.data;
      return new Buffer(Array.from(value));
    }
    static alloc(size, fill) { return new Buffer(size).fill(fill || 0); }
    static allocUnsafe(size) { return new Buffer(size); }
    static isBuffer(value) { return value instanceof Buffer; }
    static byteLength(text, encoding) { return fromText(String(text), encoding).length; }
    static concat(list) {
      const bytes = [];
      for (const part of list) for (const byte of part) bytes.push(byte);
      return new Buffer(bytes);
    }
    // Node's slice shares the memory, as subarray does.
    slice(start, end) { return this.subarray(start, end); }
    equals(other) {
      return this.length === other.length && this.every((byte, at) => byte === other[at]);
    }
    toString(encoding, start, end) {
      const part = this.subarray(start || 0, end === undefined ? this.length : end);
      switch (String(encoding || "utf8").toLowerCase()) {
        case "hex": {
          let text = "";
          for (let at = 0; at < part.length; at++) {
            text += DIGITS[part[at] >> 4] + DIGITS[part[at] & 15];
          }
          return text;
        }
        case "base64": return toBase64(part);
        case "base64url":
          return toBase64(part).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
        case "ascii": return eachByte(part, 0x7f);
        case "latin1": case "binary": return eachByte(part, 0xff);
        default: return toUtf8(part);
      }
    }
    toJSON() { return { type: "Buffer", data: Array.from(this) }; }
    readUIntBE(offset, size) {
      let value = 0;
      for (let at = 0; at < size; at++) value = value * 256 + byteAt(this, offset + at);
      return value;
    }
    readUIntLE(offset, size) {
      let value = 0;
      for (let at = size - 1; at >= 0; at--) value = value * 256 + byteAt(this, offset + at);
      return value;
    }
    readIntBE(offset, size) { return signed(this.readUIntBE(offset, size), size); }
    readIntLE(offset, size) { return signed(this.readUIntLE(offset, size), size); }
  }

  function byteAt(buffer, at) {
    if (!(at >= 0 && at < buffer.length)) throw new RangeError("Buffer: offset out of range");
    return buffer[at];
  }

  function signed(value, size) {
    return value >= 2 ** (8 * size - 1) ? value - 2 ** (8 * size) : value;
  }

  function method(name, read) {
    for (const spelt of [name, name.replace("UInt", "Uint")]) {
      Object.defineProperty(Buffer.prototype, spelt, {
        value: read, writable: true, configurable: true,
      });
    }
  }

  function view(buffer, offset, size) {
    byteAt(buffer, offset + size - 1);
    return new DataView(buffer.buffer, buffer.byteOffset + offset, size);
  }

  method("readUInt8", function (offset) { return byteAt(this, offset || 0); });
  method("readInt8", function (offset) { return signed(byteAt(this, offset || 0), 1); });
  for (const order of ["BE", "LE"]) {
    const little = order === "LE";
    for (const size of [2, 4]) {
      method("readUInt" + 8 * size + order, function (offset) {
        return this["readUInt" + order](offset || 0, size);
      });
      method("readInt" + 8 * size + order, function (offset) {
        return this["readInt" + order](offset || 0, size);
      });
    }
    method("readFloat" + order, function (offset) {
      return view(this, offset || 0, 4).getFloat32(0, little);
    });
    method("readDouble" + order, function (offset) {
      return view(this, offset || 0, 8).getFloat64(0, little);
    });
    method("readBigUInt64" + order, function (offset) {
      return view(this, offset || 0, 8).getBigUint64(0, little);
    });
    method("readBigInt64" + order, function (offset) {
      return view(this, offset || 0, 8).getBigInt64(0, little);
    });
  }
  method("readUIntBE", Buffer.prototype.readUIntBE);
  method("readUIntLE", Buffer.prototype.readUIntLE);

  Object.defineProperty(globalThis, "Buffer", {
    value: Buffer, writable: true, configurable: true, enumerable: false,
  });
})();
