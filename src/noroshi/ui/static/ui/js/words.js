// Numbers, instants and lengths of time in the reader's language and the page's time zone.
const language = document.documentElement.lang || "ja";

export function figure(value, series) {
  if (value === null || value === undefined) return "—";
  const word = series.words?.[String(value)];
  if (word !== undefined) return word;
  return `${number(value, series.decimals ?? 1)}${series.unit ?? ""}`;
}

export function number(value, decimals) {
  const written = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(written) !== 0 ? `−${written}` : written;
}

export function lengthOf(seconds) {
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return joined(unit(minutes, "minute"));
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return joined(unit(hours, "hour"), minutes % 60 ? unit(minutes % 60, "minute") : "");
  return joined(unit(Math.round(hours / 24), "day"));
}

// "1 hr 52 min" wants its spaces, 1時間52分 has none.
function joined(...parts) {
  return language.startsWith("ja") ? parts.join("").replaceAll(" ", "") : parts.filter(Boolean).join(" ");
}

function unit(count, name) {
  return new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: "short" }).format(count);
}

const DAY_S = 86400;

// The words of a time axis whose marks stand `step` seconds apart.
export function axisWords(zone) {
  const written = (options) => new Intl.DateTimeFormat(language, { timeZone: zone, ...options });
  const clock = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit" });
  const day = written({ month: "numeric", day: "numeric" });
  const month = written({ month: "short" });
  const year = written({ year: "numeric" });
  return (seconds, step) => {
    const date = new Date(seconds * 1000);
    if (step >= 360 * DAY_S) return year.format(date);
    if (step >= 27 * DAY_S) {
      const words = month.format(date);
      return date.toLocaleString("en-GB", { timeZone: zone, month: "numeric" }) === "1" ? year.format(date) : words;
    }
    if (step >= DAY_S) return day.format(date);
    const time = clock.format(date);
    return time === "00:00" ? day.format(date) : time;
  };
}

export function instantWords(zone) {
  const japanese = language.startsWith("ja");
  const format = new Intl.DateTimeFormat(japanese ? "ja" : "en-GB", {
    timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  });
  return (seconds) => {
    const part = Object.fromEntries(format.formatToParts(new Date(seconds * 1000)).map(({ type, value }) => [type, value]));
    const { year, month, day, weekday, hour, minute } = part;
    return japanese ? `${year}/${month}/${day}(${weekday}) ${hour}:${minute}` : `${year}-${month}-${day} (${weekday}) ${hour}:${minute}`;
  };
}
