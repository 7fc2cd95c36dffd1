function decodeUplink(input) { return { data: { n: new ArrayBuffer(0x7fffffff).byteLength } }; }
