function decodeUplink(input) { var n = 10n; for (;;) n = n * n; }
