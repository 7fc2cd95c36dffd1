function decodeUplink(input) { import("os"); return { data: { a: typeof std + typeof os + typeof process } }; }
