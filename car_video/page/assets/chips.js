element.addEventListener('click', (event) => {
  const choose = event.target.closest('[data-choose]');
  const drop = event.target.closest('[data-drop]');
  const take = event.target.closest('[data-take]');
  if (choose) trigger('choose', { number: Number(choose.dataset.choose) });
  if (drop) trigger('drop', { number: Number(drop.dataset.drop), text: drop.dataset.text });
  if (take) trigger('take', { number: Number(take.dataset.take) });
});
