// Cold-store thermometer. 5 bytes, big-endian:
//   0-1  temperature, signed, 0.01 degrees C
//   2    relative humidity, 0.5 %
//   3-4  battery, mV
function decodeUplink(input) {
  var b = input.bytes;
  if (b.length !== 5) return { errors: ["5 bytes expected, " + b.length + " received"] };
  return {
    data: {
      temperature: signed16(b, 0) / 100,
      humidity: b[2] / 2,
      battery_mv: (b[3] << 8) | b[4],
    },
  };
}

function signed16(b, at) {
  var value = (b[at] << 8) | b[at + 1];
  return value > 0x7fff ? value - 0x10000 : value;
}
