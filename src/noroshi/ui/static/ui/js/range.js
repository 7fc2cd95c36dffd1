// The time range that a page shows stands in its address: ?from=&to= in epoch seconds.
const KEYS = ["from", "to"];

export function chosen() {
  const query = new URLSearchParams(location.search);
  return query.has("from") && query.has("to") ? { from: query.get("from"), to: query.get("to") } : null;
}

// The address of data with the page's own range in it.
export function ranged(address) {
  const url = new URL(address, location.href);
  const range = chosen();
  if (range) KEYS.forEach((key) => url.searchParams.set(key, range[key]));
  return url;
}

export function choose(from, to) {
  const url = new URL(location.href);
  url.searchParams.delete("range");
  url.searchParams.set("from", String(Math.round(from)));
  url.searchParams.set("to", String(Math.round(to)));
  history.pushState(null, "", url);
  tell();
}

// Back to the range with which the page came.
export function reset() {
  if (location.href === FIRST) return;
  history.pushState(null, "", FIRST);
  tell();
}

const FIRST = location.href;
const FIRST_RANGE = document.querySelector(".ranges a[aria-current]");

function tell() {
  const away = location.href !== FIRST;
  if (away) FIRST_RANGE?.removeAttribute("aria-current");
  else FIRST_RANGE?.setAttribute("aria-current", "true");
  for (const link of document.querySelectorAll("a[data-keep-range]")) link.href = ranged(link.href).href;
  document.dispatchEvent(new CustomEvent("noroshi:range"));
}

addEventListener("popstate", tell);
