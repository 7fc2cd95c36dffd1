// One plot: lines with their bands, limits, incidents and gaps on a quiet ground.
import uPlot from "uplot";
import { columns, gapsOf, hasBand, isStepped, yRange } from "noroshi/shape";
import { axisWords, figure, lengthOf, number } from "noroshi/words";

const LINES = ["indigo", "teal", "plum", "pine", "amber"];
const NARROW_PX = 560;

export function colours(element) {
  const style = getComputedStyle(element);
  return (name) => style.getPropertyValue(`--${name}`).trim();
}

export function lineName(index) {
  return LINES[index % LINES.length];
}

// `shown` = {data, group, first, words, zone, sync}; `on` = {choose, reset, point}.
export function plot(holder, shown, on) {
  const colour = colours(holder);
  const { data, group } = shown;
  const options = {
    width: holder.clientWidth,
    height: heightFor(holder, shown),
    padding: [10, 10, 0, 0],
    legend: { show: false },
    tzDate: (t) => uPlot.tzDate(new Date(t * 1000), shown.zone),
    scales: { x: { range: [data.from, data.to] }, y: { range: yRange(group) } },
    series: [{}, ...group.flatMap((one, i) => lines(one, colour(lineName(shown.first + i))))],
    bands: group.flatMap((one, i) => (hasBand(one) ? [{ series: [3 * i + 2, 3 * i + 3], fill: `${colour(lineName(shown.first + i))}2b` }] : [])),
    axes: axes(shown, colour),
    cursor: {
      drag: { x: true, y: false, setScale: false },
      sync: { key: shown.sync },
      points: { size: 8, show: (u, i) => (i % 3 === 1 ? undot(u, i, colour) : false) },
      bind: { dblclick: () => () => on.reset() },
    },
    hooks: {
      drawClear: [(u) => ground(u, shown, colour)],
      draw: [(u) => limits(u, shown, colour)],
      setSelect: [(u) => select(u, on)],
      setCursor: [(u) => on.point(u)],
    },
  };
  return new uPlot(options, columns(group, data), holder);
}

function heightFor(holder, shown) {
  const tall = holder.clientWidth < NARROW_PX ? 240 : 300;
  return shown.first ? Math.round(tall * 0.72) : tall;
}

function lines(one, stroke) {
  const paths = isStepped(one) ? { paths: uPlot.paths.stepped({ align: 1 }) } : {};
  const alone = { points: { filter: lonely, size: 4, fill: stroke } };
  const edge = { stroke: null, width: 0, points: { show: false }, ...paths };
  return [{ stroke, width: 1.8, ...paths, ...alone }, edge, edge];
}

// A reading between two gaps has no line: it is drawn as a dot.
function lonely(u, i, show) {
  if (show) return null;
  const values = u.data[i];
  return values.flatMap((value, at) => (value !== null && value !== undefined && values[at - 1] == null && values[at + 1] == null ? [at] : []));
}

function undot(u, i, colour) {
  const dot = document.createElement("div");
  dot.className = "u-cursor-pt";
  dot.style.background = u.series[i].stroke instanceof Function ? u.series[i].stroke(u, i) : colour("indigo");
  dot.style.width = dot.style.height = "8px";
  dot.style.marginLeft = dot.style.marginTop = "-4px";
  return dot;
}

function axes({ zone, group }, colour) {
  const words = axisWords(zone);
  const font = `12px ${getComputedStyle(document.body).fontFamily}`;
  const common = { font, stroke: colour("ink-3"), ticks: { show: false } };
  const named = group[0].words;
  return [
    { ...common, grid: { show: false }, space: 64, size: 30, values: (_u, splits, _axis, _space, step) => splits.map((t) => words(t, step)) },
    {
      ...common,
      grid: { stroke: colour("rule"), width: 1 },
      size: 52,
      ...(named && { splits: () => Object.keys(named).map(Number) }),
      values: (_u, splits) => splits.map((value, i) => named?.[String(value)] ?? number(value, decimalsOf(splits, i))),
    },
  ];
}

function decimalsOf(splits) {
  const step = Math.abs((splits[1] ?? 1) - (splits[0] ?? 0)) || 1;
  return Math.min(4, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)));
}

// Behind the lines: when an alarm was open, and when nothing came.
function ground(u, { data, group, words }, colour) {
  const { ctx, bbox } = u;
  ctx.save();
  clip(u);
  for (const { from, to } of data.incidents ?? []) {
    const [x, width] = across(u, from, to ?? data.to);
    ctx.fillStyle = colour("ember-soft");
    ctx.fillRect(x, bbox.top, width, bbox.height);
  }
  for (const gap of gapsOf(group, data)) {
    const [x, width] = across(u, gap.from, gap.to);
    ctx.fillStyle = colour("stone-soft");
    ctx.fillRect(x, bbox.top, width, bbox.height);
    write(u, gap.text ?? words.gap, [x + width / 2, freeLine(u, group)], { colour: colour("stone"), room: width, more: lengthOf(gap.to - gap.from) });
  }
  ctx.restore();
}

// The words of a gap stand at the top, or below a limit that runs there.
function freeLine(u, group) {
  const line = 18 * uPlot.pxRatio;
  const bounds = group.flatMap((one) => [one.limits?.upper, one.limits?.lower]).filter((bound) => bound !== null && bound !== undefined);
  const inTheWay = bounds.map((bound) => u.valToPos(bound, "y", true)).find((y) => Math.abs(y - u.bbox.top - line / 1.5) < line);
  return inTheWay === undefined ? u.bbox.top + line : inTheWay + line;
}

function limits(u, { group, words }, colour) {
  const { ctx, bbox } = u;
  ctx.save();
  clip(u);
  ctx.strokeStyle = colour("ember");
  ctx.lineWidth = uPlot.pxRatio;
  ctx.setLineDash([5 * uPlot.pxRatio, 4 * uPlot.pxRatio]);
  for (const one of group) {
    for (const [bound, word] of [[one.limits?.upper, words.upper], [one.limits?.lower, words.lower]]) {
      if (bound === null || bound === undefined) continue;
      const y = Math.round(u.valToPos(bound, "y", true)) + 0.5;
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      const name = group.length > 1 ? `${one.name} ` : "";
      write(u, `${name}${word} ${figure(bound, one)}`, [bbox.left + 6 * uPlot.pxRatio, y - 6 * uPlot.pxRatio], { colour: colour("ember"), align: "left" });
    }
  }
  ctx.restore();
}

function clip({ ctx, bbox }) {
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
}

function across(u, from, to) {
  const x = u.valToPos(from, "x", true);
  return [x, Math.max(u.valToPos(to, "x", true) - x, uPlot.pxRatio)];
}

// Words that do not fit into their room are left out; the keys below say them too.
function write({ ctx }, words, [x, y], { colour, align = "center", room = Infinity, more = "" }) {
  ctx.font = `${12 * uPlot.pxRatio}px ${getComputedStyle(document.body).fontFamily}`;
  ctx.fillStyle = colour;
  ctx.textAlign = align;
  ctx.textBaseline = "alphabetic";
  const long = `${words} ${more}`.trim();
  const fitting = [long, words].find((text) => ctx.measureText(text).width < room - 4);
  if (fitting) ctx.fillText(fitting, x, y);
}

const DRAG_PX_MIN = 8;

function select(u, on) {
  const { left, width } = u.select;
  if (width < DRAG_PX_MIN) return;
  const from = u.posToVal(left, "x");
  const to = u.posToVal(left + width, "x");
  u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  on.choose(from, to);
}
