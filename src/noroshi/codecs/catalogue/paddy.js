// Paddy water level sensor. 6 bytes, big-endian:
//   0-1  water level above the soil, signed, 0.1 cm
//   2-3  water temperature, signed, 0.1 degrees C
//   4-5  battery, mV
function decodeUplink(input) {
  var b = input.bytes;
  if (b.length !== 6) return { errors: ["6 bytes expected, " + b.length + " received"] };
  return {
    data: {
      level_cm: signed16(b, 0) / 10,
      water_temperature: signed16(b, 2) / 10,
      battery_mv: (b[4] << 8) | b[5],
    },
  };
}

function signed16(b, at) {
  var value = (b[at] << 8) | b[at + 1];
  return value > 0x7fff ? value - 0x10000 : value;
}
