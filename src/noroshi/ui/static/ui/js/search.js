// "/" goes to the search; typing leaves only the cards that fit, without a round trip.
export function mount(input) {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
  if (!input.dataset.cards) return;
  const filter = () => show(input);
  input.addEventListener("input", filter);
  document.addEventListener("noroshi:arrived", filter);
  filter();
}

function isTyping(target) {
  return target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName);
}

// Full-width and half-width, upper and lower case find each other.
function plain(text) {
  return text.normalize("NFKC").toLowerCase();
}

function show(input) {
  const words = plain(input.value).split(/\s+/).filter(Boolean);
  let left = 0;
  for (const card of document.querySelectorAll(input.dataset.cards)) {
    const text = plain(`${card.textContent} ${card.dataset.search ?? ""}`);
    card.hidden = !words.every((word) => text.includes(word));
    left += card.hidden ? 0 : 1;
  }
  // A heading without cards says nothing.
  for (const grid of document.querySelectorAll("[data-filtered]")) {
    grid.hidden = !grid.querySelector(`${input.dataset.cards}:not([hidden])`);
  }
  const empty = input.dataset.empty && document.querySelector(input.dataset.empty);
  if (empty) empty.hidden = left > 0;
}
