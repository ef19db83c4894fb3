// Asks for the next replies once the last ones are there: each sets another value here.
const LOST = 30000; // milliseconds without any reply, after which the last question is lost
let asked = Date.now();
const ask = () => {
  asked = Date.now();
  trigger('more');
};
watch('value', () => {
  // What was taken is cleared, unless more has been typed meanwhile.
  const box = document.querySelector('#text textarea, #text input');
  for (const part of element.querySelectorAll('[data-typed]')) {
    if (!box || box.value !== part.dataset.typed) continue;
    box.value = '';
    box.dispatchEvent(new Event('input', { bubbles: true }));
  }
  ask();
});
setInterval(() => {
  if (Date.now() - asked > LOST) ask();
}, LOST / 6);
