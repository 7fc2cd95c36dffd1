// News from the server: tell the page, and fetch the fragments anew that show these devices.
const REFETCH_MS_MIN = 1000;
const RETRY_MS_MIN = 1000;
const RETRY_MS_MAX = 30000;
// A stream that was quiet a moment is not yet broken for a reader.
const BROKEN_AFTER_MS = 3000;
// Without any news "2 minutes ago" must not stand for an hour, and a device falls silent by itself.
const AGE_MS = 60000;
const PATIENCE_MS = 400;

export function mount(element) {
  listen(element, RETRY_MS_MIN);
  setInterval(() => refetchAll(() => true), AGE_MS);
  addEventListener("pointerdown", () => { held = true; }, true);
  for (const name of ["pointerup", "pointercancel"]) addEventListener(name, () => { held = false; }, true);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || !missed) return;
    missed = false;
    arrive({ devices: ["*"] });
  });
}

let held = false;
let missed = false;

function listen(element, retryMs) {
  const url = new URL(element.dataset.live, location.href);
  const source = new EventSource(url, { withCredentials: true });
  let nextMs = Math.min(retryMs * 2, RETRY_MS_MAX);
  const worry = setTimeout(() => say(element, true), BROKEN_AFTER_MS);
  const stop = () => source.close();
  addEventListener("pagehide", stop, { once: true });
  source.onopen = () => {
    clearTimeout(worry);
    nextMs = RETRY_MS_MIN;
    // What changed while nobody listened is fetched once.
    if (!element.hidden) arrive({ devices: ["*"] });
    say(element, false);
  };
  source.addEventListener("change", (event) => arrive(JSON.parse(event.data)));
  // The stream itself lost sight of the database for a while.
  source.addEventListener("resync", () => arrive({ devices: ["*"] }));
  source.onerror = () => {
    clearTimeout(worry);
    source.close();
    removeEventListener("pagehide", stop);
    say(element, true);
    setTimeout(() => listen(element, nextMs), nextMs * (0.5 + Math.random() / 2));
  };
}

function say(element, broken) {
  element.textContent = broken ? element.dataset.wordBroken : "";
  element.hidden = !broken;
}

function arrive(news) {
  // A page that nobody looks at asks once, when somebody comes back.
  if (document.hidden) {
    missed = true;
    return;
  }
  document.dispatchEvent(new CustomEvent("noroshi:live", { detail: news }));
  const ids = new Set((news.devices ?? []).map(String));
  refetchAll((part) => concerns(part, ids));
}

function refetchAll(isWanted) {
  if (document.hidden) return;
  for (const part of document.querySelectorAll("[data-live-src]")) {
    if (isWanted(part)) refetchSoon(part);
  }
}

function concerns(part, ids) {
  const wanted = (part.dataset.liveDevices ?? "*").split(/[\s,]+/).filter(Boolean);
  return ids.has("*") || !wanted.length || wanted.includes("*") || wanted.some((id) => ids.has(id));
}

// By address, so that a replaced element keeps its place in the queue.
const waiting = new Set();
const fetchedAt = new Map();

function refetchSoon(part) {
  const src = part.dataset.liveSrc;
  if (waiting.has(src)) return;
  waiting.add(src);
  const every = Number(part.dataset.liveEvery) || REFETCH_MS_MIN;
  const since = performance.now() - (fetchedAt.get(src) ?? -every);
  setTimeout(() => refetch(src), Math.max(0, every - since));
}

async function refetch(src) {
  waiting.delete(src);
  fetchedAt.set(src, performance.now());
  const answer = await fetch(src, { credentials: "same-origin", headers: { "X-Noroshi-Live": "1" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const html = await answer.text();
  // Between press and release nothing moves under the finger.
  while (held) await new Promise((done) => setTimeout(done, PATIENCE_MS));
  for (const part of document.querySelectorAll("[data-live-src]")) {
    if (part.dataset.liveSrc === src && !busy(part)) replace(part, html);
  }
}

// A part in which somebody types or holds the focus waits for the next news.
function busy(part) {
  return part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");
}

// An answer is a fragment, whose first element takes the place of the part and the others that of
// what has their id on the page; or a whole page, of which the part with the same id is taken.
function replace(part, html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const same = part.id ? holder.content.querySelector(`#${CSS.escape(part.id)}`) : null;
  const more = [...holder.content.children];
  const fresh = same ?? more[0];
  if (!fresh) return;
  swap(part, fresh);
  for (const other of more) {
    const old = other !== fresh && other.id && document.getElementById(other.id);
    if (old && old !== fresh) swap(old, other);
  }
}

function swap(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  const marks = marksOf(old);
  const focused = old.contains(document.activeElement) ? placeOf(document.activeElement) : "";
  for (const open of old.querySelectorAll("details[id][open]")) {
    fresh.querySelector(`#${CSS.escape(open.id)}`)?.setAttribute("open", "");
  }
  old.replaceWith(fresh);
  if (focused) fresh.parentElement?.querySelector(focused)?.focus({ preventScroll: true });
  window.htmx?.process(fresh);
  for (const [id, mark] of marksOf(fresh)) {
    if (marks.get(id) !== mark) document.getElementById(id).classList.add("just-in");
  }
  fresh.dispatchEvent(new CustomEvent("noroshi:arrived", { bubbles: true }));
}

// What a reader should notice when it changes: id → its value.
function marksOf(part) {
  const marked = [part, ...part.querySelectorAll("[data-mark]")].filter((one) => one.id && one.dataset.mark !== undefined);
  return new Map(marked.map((one) => [one.id, one.dataset.mark]));
}

function placeOf(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  const row = element.closest("[id][data-mark]");
  const name = element.localName;
  if (row) return `#${CSS.escape(row.id)} ${name}`;
  return element.hasAttribute("href") ? `${name}[href="${CSS.escape(element.getAttribute("href"))}"]` : "";
}
