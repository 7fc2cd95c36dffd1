// A button that copies its data-text; hidden where the browser cannot.
const SHOWN_MS = 2000;

export function mount(button) {
  if (!navigator.clipboard) return;
  button.hidden = false;
  const words = button.textContent;
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.text);
    button.textContent = button.dataset.wordDone;
    setTimeout(() => { button.textContent = words; }, SHOWN_MS);
  });
}
