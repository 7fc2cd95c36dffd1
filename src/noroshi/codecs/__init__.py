"""How bytes become values: the sandbox, TS013, the Sigfox grammar, Cayenne LPP."""
