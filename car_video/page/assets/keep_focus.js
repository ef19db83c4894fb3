// Shared by the page's own parts: whoever had the focus has it again when a part is drawn anew.
let focused = null;
element.addEventListener('focusin', (event) => {
  const keyed = event.target.closest('[data-key]');
  focused = keyed ? keyed.dataset.key : null;
});
element.addEventListener('focusout', (event) => {
  if (event.relatedTarget) focused = null;
});
// Before another key can be pressed: an observer is called before the next event.
new MutationObserver(() => {
  if (focused === null || element.contains(document.activeElement)) return;
  if (document.activeElement && document.activeElement !== document.body) return;
  const again = element.querySelector(`[data-key="${focused}"]`);
  if (again) again.focus({ preventScroll: true });
}).observe(element, { childList: true, subtree: true });
