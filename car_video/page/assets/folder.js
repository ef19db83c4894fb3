// A folder that is dropped or chosen: the files that lie in it directly, without hidden ones.
const input = () => document.querySelector('input[type=file][webkitdirectory]');

// The widgets of a page that is just being loaded do not come all at once.
async function mounted() {
  while (!input()) await new Promise((done) => setTimeout(done, 50));
  return input();
}

function listOf(files) {
  const list = new DataTransfer();
  for (const file of files) if (!file.name.startsWith('.')) list.items.add(file);
  return list.files;
}

function entriesOf(folder) {
  const reader = folder.createReader();
  const all = [];
  return new Promise((done, fail) => {
    const more = () => reader.readEntries((some) => {
      all.push(...some);
      if (some.length) more(); // they come a hundred at a time
      else done(all);
    }, fail);
    more();
  });
}

async function filesOf(entry) {
  const inside = entry.isDirectory ? await entriesOf(entry) : [entry];
  const files = inside.filter((one) => one.isFile);
  return Promise.all(files.map((one) => new Promise((done, fail) => one.file(done, fail))));
}

async function send(entries) {
  const found = listOf((await Promise.all(entries.map(filesOf))).flat());
  if (!found.length) {
    trigger('nothing', {});
    return;
  }
  const target = await mounted();
  target.files = found;
  target.dispatchEvent(new Event('change', { bubbles: true }));
}

// Before gradio's own listeners, which take a folder for a file without content.
document.addEventListener('drop', (event) => {
  if (!(event.target instanceof Element) || !event.target.closest('#upload')) return;
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.());
  if (!entries.some((entry) => entry && entry.isDirectory)) return;
  event.preventDefault();
  event.stopPropagation();
  send(entries.filter(Boolean));
}, true);

document.addEventListener('change', (event) => {
  if (event.target !== input()) return;
  const chosen = [...input().files];
  const direct = chosen.filter((file) => file.webkitRelativePath.split('/').length <= 2);
  const found = listOf(direct);
  if (found.length === chosen.length) return;
  if (found.length) {
    input().files = found;
  } else {
    event.stopPropagation();
    trigger('nothing', {});
  }
}, true);

// What is dropped from now on is understood; the tests wait for it.
document.documentElement.dataset.understands = 'folders';
