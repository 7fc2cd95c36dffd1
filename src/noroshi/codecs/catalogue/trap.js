// Trap contact. 4 bytes, big-endian:
//   0    bit 7: trap has sprung; bit 6: the box was tilted; the other bits are 0
//   1-2  battery, mV
//   3    temperature in the box, signed, 1 degree C
function decodeUplink(input) {
  var b = input.bytes;
  if (b.length !== 4) return { errors: ["4 bytes expected, " + b.length + " received"] };
  return {
    data: {
      sprung: (b[0] & 0x80) !== 0,
      tilted: (b[0] & 0x40) !== 0,
      battery_mv: (b[1] << 8) | b[2],
      temperature: b[3] > 0x7f ? b[3] - 0x100 : b[3],
    },
  };
}
