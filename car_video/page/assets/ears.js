// Asks for the next replies once the last ones are there: each sets another value here.
const LOST = 30000; // milliseconds without any reply, after which the last question is lost
let asked = Date.now();
const ask = () => {
  asked = Date.now();
  trigger('more');
};
watch('value', ask);
setInterval(() => {
  if (Date.now() - asked > LOST) ask();
}, LOST / 6);
