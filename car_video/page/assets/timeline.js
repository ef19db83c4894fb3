element.addEventListener('click', (event) => {
  const timeline = event.target.closest('.timeline');
  if (!timeline) return;
  const frame = timeline.getBoundingClientRect();
  const count = Number(timeline.dataset.frames);
  const place = Math.floor(((event.clientX - frame.left) / frame.width) * count);
  const row = event.target.closest('.row');
  const number = row ? [...timeline.querySelectorAll('.row')].indexOf(row) : -1;
  trigger('seek', { frame: Math.min(Math.max(place, 0), count - 1), number });
});
