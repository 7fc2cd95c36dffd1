// A chart of readings: fetched from data-src, drawn again when the range, the data or the light changes.
import { colours, lineName, plot } from "noroshi/plot";
import { choose, chosen, ranged, reset } from "noroshi/range";
import { groups, pointAt } from "noroshi/shape";
import { figure, instantWords } from "noroshi/words";

const LIVE_MS_MIN = 2000;
const PAST_S = 300;
let count = 0;

export function mount(figureElement) {
  new Chart(figureElement).start();
}

class Chart {
  constructor(element) {
    this.element = element;
    this.holder = element.querySelector(".plot");
    this.status = element.querySelector("[data-part=status]");
    this.keys = element.querySelector("[data-part=keys]");
    this.zone = element.dataset.tz;
    this.words = Object.fromEntries(["gap", "upper", "lower", "lowest", "highest", "latest", "last", "empty", "failed", "again", "incident", "keys"]
      .map((name) => [name, element.dataset[`word${name[0].toUpperCase()}${name.slice(1)}`] ?? ""]));
    this.instant = instantWords(this.zone);
    this.sync = `noroshi-${(count += 1)}`;
    this.plots = [];
  }

  start() {
    document.addEventListener("noroshi:range", () => this.load());
    document.addEventListener("noroshi:live", (event) => this.hear(event.detail));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    new ResizeObserver(() => this.resize()).observe(this.holder);
    this.holder.addEventListener("keydown", (event) => this.walk(event));
    this.holder.addEventListener("pointerdown", () => { this.held = true; });
    addEventListener("pointerup", () => { this.held = false; });
    const fold = this.element.closest("details:not([open])");
    if (fold) this.waitFor(fold);
    else this.load();
  }

  // A chart behind a closed heading is fetched when somebody opens it.
  waitFor(fold) {
    this.asleep = true;
    fold.addEventListener("toggle", () => {
      this.asleep = false;
      this.load();
    }, { once: true });
  }

  async load() {
    if (this.asleep) return;
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    this.element.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(ranged(this.element.dataset.src), { signal: asking.signal, headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      this.data = await answer.json();
      this.draw();
    } catch (error) {
      if (error.name !== "AbortError") this.fail();
    } finally {
      if (this.asking === asking) this.element.removeAttribute("aria-busy");
    }
  }

  // News is drawn when the range reaches into the present and nobody is dragging.
  hear(news) {
    const wanted = (this.element.dataset.liveDevices ?? "*").split(/[\s,]+/);
    const ids = new Set((news.devices ?? []).map(String));
    const past = chosen() && Number(chosen().to) < Date.now() / 1000;
    if (past || this.timer || !(wanted.includes("*") || ids.has("*") || wanted.some((id) => ids.has(id)))) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      if (!this.held) this.load();
    }, LIVE_MS_MIN);
  }

  draw() {
    if (!this.data) return;
    const pointed = this.plots[0]?.cursor;
    this.clear();
    if (!this.data.series.some((one) => one.points.length)) {
      this.say(this.words.empty);
      return;
    }
    this.status.hidden = true;
    let first = 0;
    const all = groups(this.data.series);
    for (const group of all) {
      if (all.length > 1) this.name(group);
      const shown = { data: this.data, group, first, words: this.words, zone: this.zone, sync: this.sync };
      this.plots.push(plot(this.holder, shown, { choose, reset, point: (u) => this.point(u) }));
      first += group.length;
    }
    this.describe();
    this.tell(null);
    // News must not take away the value that somebody is looking at.
    if (pointed?.left >= 0) this.plots[0].setCursor({ left: pointed.left, top: pointed.top });
  }

  name(group) {
    const name = document.createElement("h3");
    const unit = group[0].unit ? `（${group[0].unit}）` : "";
    name.textContent = `${group.map((one) => one.name).join("・")}${unit}`;
    this.holder.append(name);
  }

  clear() {
    this.plots.forEach((one) => one.destroy());
    this.holder.querySelectorAll("h3").forEach((one) => one.remove());
    this.plots = [];
    this.keys.replaceChildren();
  }

  say(words) {
    this.status.hidden = false;
    this.status.textContent = words;
  }

  fail() {
    this.clear();
    this.say(`${this.words.failed} `);
    const again = document.createElement("button");
    again.type = "button";
    again.textContent = this.words.again;
    again.addEventListener("click", () => this.load());
    this.status.append(again);
  }

  resize() {
    const width = this.holder.clientWidth;
    for (const one of this.plots) {
      if (width && one.width !== width) one.setSize({ width, height: one.height });
    }
  }

  point(u) {
    if (this.walking) return;
    this.keys.ariaLive = "off";
    this.tell(u.cursor.idx === null || u.cursor.idx === undefined || u.cursor.left < 0 ? null : u.posToVal(u.cursor.left, "x"));
  }

  // A range that ends in the past has a last value, not a latest one.
  now() {
    return this.data.to < Date.now() / 1000 - PAST_S ? this.words.last : this.words.latest;
  }

  // The keys below the plot: the latest values, or those under the cursor.
  tell(t) {
    const colour = colours(this.holder);
    const parts = this.data.series.map((one, i) => {
      const point = t === null ? one.points.at(-1) : pointAt(one, t, this.data);
      return key(one, point, colour(lineName(i)));
    });
    const time = document.createElement("span");
    time.className = "num";
    time.textContent = t === null ? this.now() : this.instant(t);
    const open = t === null ? [] : (this.data.incidents ?? []).filter(({ from, to }) => from <= t && t <= (to ?? Infinity));
    const alarms = open.map(({ text }) => {
      const span = document.createElement("span");
      span.className = "over";
      span.textContent = `▲ ${text ?? this.words.incident}`;
      return span;
    });
    this.keys.replaceChildren(time, ...parts, ...alarms);
  }

  // What the picture says, for those who do not see it.
  describe() {
    const sentences = this.data.series.filter((one) => one.points.length).map((one) => {
      const lowest = Math.min(...one.points.map(([, mean, min]) => min ?? mean));
      const highest = Math.max(...one.points.map(([, mean, , max]) => max ?? mean));
      const { words } = this;
      return `${one.name} ${this.now()} ${figure(one.points.at(-1)[1], one)}, ${words.lowest} ${figure(lowest, one)}, ${words.highest} ${figure(highest, one)}.`;
    });
    this.holder.tabIndex = 0;
    this.holder.setAttribute("role", "img");
    this.holder.setAttribute("aria-label", [`${this.instant(this.data.from)} – ${this.instant(this.data.to)}`, ...sentences, this.words.keys].join(" "));
  }

  walk(event) {
    const [main] = this.plots;
    if (!main || !["ArrowLeft", "ArrowRight", "Home", "End", "Escape"].includes(event.key)) return;
    event.preventDefault();
    const times = this.data.series[0].points.map(([t]) => t);
    const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    this.at = Math.min(times.length - 1, Math.max(0, (this.at ?? times.length) + (steps[event.key] ?? 0)));
    const t = event.key === "Escape" ? null : times[this.at];
    this.keys.ariaLive = "polite";
    this.walking = true;
    main.setCursor(t === null ? { left: -10, top: -10 } : { left: main.valToPos(t, "x"), top: main.over.clientHeight / 2 });
    this.walking = false;
    this.tell(t ?? null);
  }
}

function key(one, point, colour) {
  const span = document.createElement("span");
  const mark = document.createElement("i");
  mark.style.background = colour;
  const value = document.createElement("b");
  value.textContent = figure(point?.[1], one);
  span.append(mark, `${one.name} `, value);
  if (point && (point[2] ?? point[1]) !== (point[3] ?? point[1])) span.append(`（${figure(point[2], one)}〜${figure(point[3], one)}）`);
  return span;
}
