// Door contact. 5 bytes, big-endian:
//   0    bit 7: door is open; the other bits are 0
//   1-2  openings since the battery was put in
//   3-4  battery, mV
function decodeUplink(input) {
  var b = input.bytes;
  if (b.length !== 5) return { errors: ["5 bytes expected, " + b.length + " received"] };
  return {
    data: {
      open: (b[0] & 0x80) !== 0,
      count: (b[1] << 8) | b[2],
      battery_mv: (b[3] << 8) | b[4],
    },
  };
}
