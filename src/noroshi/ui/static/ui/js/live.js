// News from the server: tell the page, and fetch the fragments anew that show these devices.
const REFETCH_MS_MIN = 1000;
const RETRY_MS_MIN = 1000;
const RETRY_MS_MAX = 30000;
// A stream that was quiet a moment is not yet broken for a reader.
const BROKEN_AFTER_MS = 3000;

export function mount(element) {
  listen(element, RETRY_MS_MIN);
}

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
  document.dispatchEvent(new CustomEvent("noroshi:live", { detail: news }));
  const ids = new Set((news.devices ?? []).map(String));
  for (const part of document.querySelectorAll("[data-live-src]")) {
    if (concerns(part, ids)) refetchSoon(part);
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
  const since = performance.now() - (fetchedAt.get(src) ?? -REFETCH_MS_MIN);
  setTimeout(() => refetch(src), Math.max(0, REFETCH_MS_MIN - since));
}

async function refetch(src) {
  waiting.delete(src);
  fetchedAt.set(src, performance.now());
  const answer = await fetch(src, { credentials: "same-origin", headers: { "X-Noroshi-Live": "1" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const html = await answer.text();
  for (const part of document.querySelectorAll("[data-live-src]")) {
    if (part.dataset.liveSrc === src && !busy(part)) replace(part, html);
  }
}

// A part in which somebody types or holds the focus waits for the next news.
function busy(part) {
  return part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");
}

function replace(part, html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const fresh = holder.content.firstElementChild;
  if (!fresh) return;
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  part.replaceWith(fresh);
  if (focused) document.getElementById(focused)?.focus();
  window.htmx?.process(fresh);
  fresh.classList.add("just-in");
  fresh.dispatchEvent(new CustomEvent("noroshi:arrived", { bubbles: true }));
}
