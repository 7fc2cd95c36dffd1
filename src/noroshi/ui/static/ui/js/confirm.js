// Ask before a form that cannot be undone is sent.
export function mount(form) {
  form.addEventListener("submit", (event) => {
    if (window.confirm(form.dataset.wordConfirm)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, { capture: true });
}
