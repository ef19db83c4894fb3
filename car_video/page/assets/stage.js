// Clicks and boxes on the frame, with mouse, finger, pen or keyboard.
const DRAG = 6; // pixels of the screen from which a click is a box
const KEY_STEP = 0.02; // of the picture, that an arrow key moves the cross
let mode = 'on';
let start = null;
let cross = [0.5, 0.5];

const picture = () => element.querySelector('.picture');
const clamp = (value) => Math.min(Math.max(value, 0), 0.9999);

function fractions(event) {
  const frame = picture().getBoundingClientRect();
  return [
    clamp((event.clientX - frame.left) / frame.width),
    clamp((event.clientY - frame.top) / frame.height),
  ];
}

function pixels([x, y]) {
  const { width, height } = picture().dataset;
  return [Number((x * width).toFixed(1)), Number((y * height).toFixed(1))];
}

function point(place, positive) {
  const [x, y] = pixels(place);
  trigger('point', { x, y, positive, frame: Number(picture().dataset.frame) });
}

function corners(one, other) {
  const [left, top] = pixels([Math.min(one[0], other[0]), Math.min(one[1], other[1])]);
  const [right, bottom] = pixels([Math.max(one[0], other[0]), Math.max(one[1], other[1])]);
  const frame = Number(picture().dataset.frame);
  return { x: left, y: top, width: right - left, height: bottom - top, frame };
}

function show(part, left, top, width, height) {
  part.hidden = false;
  part.style.left = `${left * 100}%`;
  part.style.top = `${top * 100}%`;
  if (width !== undefined) {
    part.style.width = `${width * 100}%`;
    part.style.height = `${height * 100}%`;
  }
}

function apply() {
  for (const button of element.querySelectorAll('[data-mode]')) {
    button.setAttribute('aria-pressed', String(button.dataset.mode === mode));
  }
  const shown = picture();
  if (shown) shown.classList.toggle('drawing', mode === 'box');
}

element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-mode]');
  if (!button) return;
  mode = button.dataset.mode;
  apply();
});

element.addEventListener('contextmenu', (event) => {
  if (event.target.closest('.picture')) event.preventDefault();
});

element.addEventListener('pointerdown', (event) => {
  const shown = event.target.closest('.picture');
  if (!shown || shown.dataset.asks !== '1' || event.button === 1) return;
  start = { at: fractions(event), x: event.clientX, y: event.clientY, button: event.button };
  start.drags = event.pointerType !== 'touch' || mode === 'box';
  if (start.drags) shown.setPointerCapture(event.pointerId);
});

element.addEventListener('pointermove', (event) => {
  if (!start || !start.drags) return;
  const far = Math.hypot(event.clientX - start.x, event.clientY - start.y) >= DRAG;
  if (!far && !start.far) return;
  start.far = true;
  const now = fractions(event);
  const [left, top] = [Math.min(now[0], start.at[0]), Math.min(now[1], start.at[1])];
  const drawn = element.querySelector('.drawn');
  show(drawn, left, top, Math.abs(now[0] - start.at[0]), Math.abs(now[1] - start.at[1]));
});

element.addEventListener('pointerup', (event) => {
  if (!start) return;
  const { at, far, button } = start;
  start = null;
  if (far) {
    const box = corners(at, fractions(event));
    if (box.width >= 1 && box.height >= 1) trigger('box', box);
  } else if (mode !== 'box') {
    const wrong = button === 2 || event.shiftKey || mode === 'off';
    point(at, !wrong);
  }
});

element.addEventListener('pointercancel', () => {
  start = null;
});

element.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const shown = event.target.closest('.picture');
  if (!shown) return;
  const step = event.shiftKey ? KEY_STEP * 5 : KEY_STEP;
  const moves = {
    ArrowLeft: [-step, 0],
    ArrowRight: [step, 0],
    ArrowUp: [0, -step],
    ArrowDown: [0, step],
  };
  if (event.key in moves) {
    cross = cross.map((value, axis) => clamp(value + moves[event.key][axis]));
    show(element.querySelector('.cursor'), cross[0], cross[1]);
  } else if (event.key === 'Enter' && shown.dataset.asks === '1') {
    point(cross, true);
  } else if (event.key.toLowerCase() === 'x' && shown.dataset.asks === '1') {
    point(cross, false);
  } else if (event.key === ',' || event.key === '.') {
    trigger('step', { by: event.key === ',' ? -1 : 1 });
  } else {
    return;
  }
  event.preventDefault();
});

watch('value', apply);
apply();
