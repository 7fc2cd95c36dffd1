function decodeUplink(input) {
  return { data: { a: "a".repeat(1e5).replace(/a/g, "b".repeat(1e5)).length } };
}
