function decodeUplink(input) {
  var root = (function () {}).constructor("return this")();
  return { data: { a: String(root.std) + String(root.process) + String(root.scriptArgs) } };
}
