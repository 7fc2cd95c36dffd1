function decodeUplink(input) { for (;;) { try { for (;;) {} } catch (e) {} finally { continue; } } }
