// Keys for the whole page; those of the picture are in stage.js.
const press = (name) => {
  const button = document.getElementById(name);
  if (button && !button.disabled && button.offsetParent !== null) button.click();
};
const TYPES = 'input:not([type=checkbox], [type=radio], [type=range]), textarea, select';
const ARROWS = `${TYPES}, input, .picture, [role=listbox], [role=radiogroup]`;

document.addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  const at = event.target instanceof Element ? event.target : document.body;
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    if (key === 'enter') press('run');
    else if (at.closest(TYPES)) return; // undoes what was typed
    else if (key === 'z') press(event.shiftKey ? 'redo' : 'undo');
    else if (key === 'y') press('redo');
    else return;
  } else if (key === 'escape' && !at.closest(TYPES)) {
    press('cancel');
  } else if (key === 'delete' && at.closest('.chip')) {
    at.closest('.chip').querySelector('[data-drop]').click();
  } else if (key === 'delete' && !at.closest(TYPES)) {
    press('forget');
  } else if ((key === 'arrowleft' || key === 'arrowright') && !at.closest(ARROWS)) {
    press(key === 'arrowleft' ? 'before' : 'after');
  } else {
    return;
  }
  event.preventDefault();
});
