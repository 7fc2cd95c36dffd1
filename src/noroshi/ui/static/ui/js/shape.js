// From the answer of the server to what is drawn: groups by unit, joined columns, gaps.
import uPlot from "uplot";

// One thinned point of a chart stands for this share of the range: less than three of them is no gap.
const POINTS_MAX = 1000;
const GAP_POINTS = 3;

// Series of one unit share a plot.
export function groups(series) {
  const byUnit = new Map();
  for (const one of series) {
    const unit = one.words ? `${one.key}:words` : one.unit ?? "";
    byUnit.set(unit, [...(byUnit.get(unit) ?? []), one]);
  }
  return [...byUnit.values()];
}

// The longest silence that is still a line; a series may have its own (a door speaks when it moves).
export function gapLimit(data, one) {
  const limit = one.gaps_over_s === undefined ? data.gaps_over_s : one.gaps_over_s;
  if (!limit) return Infinity;
  return Math.max(limit, (GAP_POINTS * (data.to - data.from)) / POINTS_MAX);
}

// Where nothing came, between the points and after the last one.
export function gapsOf(group, data) {
  if (data.gaps) return data.gaps;
  const limit = Math.max(...group.map((one) => gapLimit(data, one)));
  const times = [...new Set(group.flatMap((one) => one.points.map((point) => point[0])))].sort((a, b) => a - b);
  if (!times.length) return [];
  times.push(Math.max(times.at(-1), Math.min(data.to, Date.now() / 1000)));
  const gaps = [];
  for (let i = 1; i < times.length; i += 1) {
    if (times[i] - times[i - 1] > limit) gaps.push({ from: times[i - 1], to: times[i] });
  }
  return gaps;
}

// Columns [t, mean, max, min, mean, max, min, …]: null breaks a line, a hole of the join does not.
export function columns(group, data) {
  return uPlot.join(group.map((one) => table(one, data)));
}

function table(one, data) {
  const { points } = one;
  const limit = gapLimit(data, one);
  const columns = [[], [], [], []];
  const push = (t, mean, max, min) => [t, mean, max, min].forEach((value, i) => columns[i].push(value));
  points.forEach(([t, mean, min, max], i) => {
    if (i && t - points[i - 1][0] > limit) push(points[i - 1][0] + 0.5, null, null, null);
    push(t, mean, max ?? mean, min ?? mean);
  });
  // A door that stands open stands open until now.
  const last = points.at(-1);
  const end = Math.min(data.to, Date.now() / 1000);
  if (isStepped(one) && last && last[0] < end && end - last[0] <= limit) push(end, last[1], last[1], last[1]);
  return columns;
}

export function isStepped(one) {
  return Boolean(one.words || one.step);
}

export function hasBand(one) {
  return one.points.some(([, mean, min, max]) => mean !== null && (min ?? mean) !== (max ?? mean));
}

// The lowest and the highest of a group with its limits, and some air.
export function yRange(group) {
  const values = group.flatMap((one) => [
    ...one.points.flatMap(([, mean, min, max]) => [min ?? mean, max ?? mean]),
    one.limits?.lower, one.limits?.upper,
  ]).filter((value) => value !== null && value !== undefined);
  if (!values.length) return [0, 1];
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  const air = (high - low) * 0.08 || 1;
  return [low - air, high + air];
}

// The last point at or before t; none inside a gap.
export function pointAt(one, t, data) {
  const limit = gapLimit(data, one);
  let low = 0;
  let high = one.points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (one.points[middle][0] <= t) low = middle + 1;
    else high = middle;
  }
  const point = one.points[low - 1];
  if (!point) return null;
  const nearby = (data.to - data.from) / POINTS_MAX;
  const silence = (one.points[low]?.[0] ?? t) - point[0];
  return silence <= limit || t - point[0] <= nearby ? point : null;
}
