// Bring elements with data-mount to life: each names the modules that it wants.
const MOUNTED = new WeakSet();

async function mountOne(element) {
  if (MOUNTED.has(element)) return;
  MOUNTED.add(element);
  for (const name of element.dataset.mount.split(/\s+/)) {
    const module = await import(`noroshi/${name}`);
    module.mount(element);
  }
}

export function mountAll(root) {
  if (root.matches?.("[data-mount]")) mountOne(root);
  root.querySelectorAll("[data-mount]").forEach(mountOne);
}

mountAll(document.documentElement);
// Fragments that arrive later, by htmx or by live news.
document.addEventListener("htmx:load", (event) => mountAll(event.detail.elt));
document.addEventListener("noroshi:arrived", (event) => mountAll(event.target));
