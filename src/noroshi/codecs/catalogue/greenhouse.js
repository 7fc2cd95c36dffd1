// Greenhouse climate sensor. 8 bytes, big-endian:
//   0-1  air temperature, signed, 0.1 degrees C
//   2    relative humidity, 0.5 %
//   3-4  CO2, ppm
//   5    soil moisture, 0.5 %
//   6-7  battery, mV
function decodeUplink(input) {
  var b = input.bytes;
  if (b.length !== 8) return { errors: ["8 bytes expected, " + b.length + " received"] };
  return {
    data: {
      temperature: signed16(b, 0) / 10,
      humidity: b[2] / 2,
      co2_ppm: (b[3] << 8) | b[4],
      soil_moisture: b[5] / 2,
      battery_mv: (b[6] << 8) | b[7],
    },
  };
}

function signed16(b, at) {
  var value = (b[at] << 8) | b[at + 1];
  return value > 0x7fff ? value - 0x10000 : value;
}
