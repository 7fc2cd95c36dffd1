function decodeUplink(input) { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); return { data: {} }; }
