function decodeUplink(input) { var a = [3, 2, 1]; a.sort(function () { for (;;) {} }); return { data: { a: a } }; }
