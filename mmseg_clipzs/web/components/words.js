const list = element.querySelector('.words-rows');
const note = element.querySelector('.words-note');
const add = element.querySelector('.words-add');
const pattern = element.querySelector('template').content.firstElementChild;
const separator = /[;\n\r\u061b\ufe54\uff1b]+/;

/** What a row says: {text, colour, on}, as last committed. */
const words = new WeakMap();
let commits = 0;

const rows = () => [...list.children];
const part = (row, name) => row.querySelector('.words-' + name);
const say = sentence => { note.textContent = sentence; };

/** The rows with text, as handlers get them. */
const written = () => rows().map(row => words.get(row)).filter(
  word => word.text.trim()).map(word => ({...word}));

const nameOf = row => words.get(row).text.split(/[,\u060c\u3001\uff0c:]/)[0].trim()
  || 'word ' + (rows().indexOf(row) + 1);

/** Send the rows, new ones with a colour. */
async function commit() {
  const turn = ++commits;
  refresh();
  let value = written();
  if (value.some(word => !word.colour)) {
    const sent = rows().filter(row => words.get(row).text.trim());
    // Without an answer, the colours are chosen with the result.
    const coloured = await server.colours(value).catch(() => []);
    if (turn !== commits) return; // a later edit sends these, too
    coloured.forEach(({colour}, i) => { words.get(sent[i]).colour ||= colour; });
    refresh();
    value = written();
  }
  props.value = value;
  trigger('input');
}

/** Write the state of each row and its place into its controls. */
function refresh() {
  const all = rows();
  all.forEach((row, i) => {
    const word = words.get(row), name = nameOf(row);
    part(row, 'on').checked = word.on;
    part(row, 'colour').value = word.colour || '#808080';
    row.classList.toggle('words-off', !word.on);
    const label = (which, text) => part(row, which).setAttribute('aria-label', text);
    label('text', 'Word ' + (i + 1));
    label('on', 'Look for ' + name);
    label('colour', 'Colour of ' + name);
    label('up', 'Move ' + name + ' up');
    label('down', 'Move ' + name + ' down');
    label('remove', 'Remove ' + name);
    // A disabled button would lose the focus.
    part(row, 'up').setAttribute('aria-disabled', i === 0);
    part(row, 'down').setAttribute('aria-disabled', i === all.length - 1);
  });
  add.setAttribute('aria-disabled', all.length >= props.max_words);
}

function makeRow(word) {
  const row = pattern.cloneNode(true);
  words.set(row, {text: '', colour: null, on: true, ...word});
  const text = part(row, 'text');
  text.value = words.get(row).text;
  text.maxLength = props.max_letters;
  text.addEventListener('change', () => write(row, text.value));
  text.addEventListener('keydown', event => onKey(event, row));
  text.addEventListener('paste', event => onPaste(event, row));
  part(row, 'on').addEventListener('change', event => set(row, {on: event.target.checked}));
  part(row, 'colour').addEventListener('change', event => set(row, {colour: event.target.value}));
  part(row, 'up').addEventListener('click', () => move(row, -1));
  part(row, 'down').addEventListener('click', () => move(row, 1));
  part(row, 'remove').addEventListener('click', () => remove(row));
  part(row, 'grip').addEventListener('pointerdown', event => drag(event, row));
  return row;
}

function set(row, change) {
  Object.assign(words.get(row), change);
  commit();
}

/** Take over the text of a row; further words in it become rows below.
 * Returns the last of these rows. */
function write(row, text) {
  const [first = '', ...more] = text.split(separator).map(
    each => each.trim()).filter(Boolean);
  const fit = more.slice(0, Math.max(0, props.max_words - list.children.length));
  part(row, 'text').value = first;
  let last = row;
  for (const each of fit) {
    last.after(makeRow({text: each}));
    last = last.nextElementSibling;
  }
  if (fit.length < more.length)
    say('Up to ' + props.max_words + ' words fit; ' + (more.length - fit.length) + ' were left out.');
  else if (fit.length) say(fit.length + ' words added.');
  if (first !== words.get(row).text || fit.length) set(row, {text: first});
  return last;
}

function onKey(event, row) {
  const text = event.target;
  if (event.isComposing) return;
  if (event.key === 'Escape') text.value = words.get(row).text;
  if (event.key !== 'Enter') return;
  event.preventDefault();
  const last = write(row, text.value);
  if (last.nextElementSibling) part(last.nextElementSibling, 'text').focus();
  else if (text.value) append();
}

function onPaste(event, row) {
  const pasted = event.clipboardData.getData('text/plain');
  if (!separator.test(pasted.trim())) return; // the browser's own
  event.preventDefault();
  const {value, selectionStart, selectionEnd} = event.target;
  part(write(row, value.slice(0, selectionStart) + pasted
    + value.slice(selectionEnd)), 'text').focus();
}

function append() {
  if (list.children.length >= props.max_words) {
    say('Up to ' + props.max_words + ' words fit.');
    return;
  }
  const row = makeRow();
  list.append(row);
  refresh();
  part(row, 'text').focus();
}

/** Move the other row, so that this one keeps the focus and the pointer. */
function swap(row, step) {
  const other = step < 0 ? row.previousElementSibling : row.nextElementSibling;
  if (other) step < 0 ? row.after(other) : row.before(other);
  return other;
}

function sayPlace(row) {
  say('Moved ' + nameOf(row) + ' to place ' + (rows().indexOf(row) + 1)
    + ' of ' + list.children.length + '.');
}

function move(row, step) {
  if (!swap(row, step)) return;
  commit();
  sayPlace(row);
}

function remove(row) {
  const near = row.nextElementSibling || row.previousElementSibling, name = nameOf(row);
  row.remove();
  say('Removed ' + name + '.');
  (near ? part(near, 'remove') : add).focus();
  commit();
}

function drag(start, row) {
  if (start.button) return;
  start.preventDefault();
  const grip = start.target, before = rows();
  const follow = event => {
    for (const step of [-1, 1]) {
      let other = step < 0 ? row.previousElementSibling : row.nextElementSibling;
      while (other) {
        const box = other.getBoundingClientRect(), middle = (box.top + box.bottom) / 2;
        if (step < 0 ? event.clientY >= middle : event.clientY <= middle) break;
        swap(row, step);
        other = step < 0 ? row.previousElementSibling : row.nextElementSibling;
      }
    }
  };
  const end = event => {
    stop.abort();
    row.classList.remove('words-dragged');
    if (event.type !== 'pointerup') before.forEach(each => list.append(each));
    else if (before.some((each, i) => each !== list.children[i])) {
      commit();
      sayPlace(row);
    }
  };
  const stop = new AbortController(), {signal} = stop;
  grip.setPointerCapture(start.pointerId);
  row.classList.add('words-dragged');
  grip.addEventListener('pointermove', follow, {signal});
  grip.addEventListener('pointerup', end, {signal});
  grip.addEventListener('pointercancel', end, {signal});
  window.addEventListener('keydown', event => {
    if (event.key === 'Escape') end(event);
  }, {signal});
}

/** Draw rows that came from Python, in the rows that are there. */
function draw() {
  const value = (props.value || []).map(
    ({text, colour, on}) => ({text, colour, on}));
  if (JSON.stringify(value) === JSON.stringify(written())) return;
  ++commits; // what is on its way is out of date
  const kept = rows();
  value.forEach((word, i) => {
    if (!kept[i]) return list.append(makeRow(word));
    words.set(kept[i], word);
    if (part(kept[i], 'text').value !== word.text) part(kept[i], 'text').value = word.text;
  });
  kept.slice(value.length).forEach(row => row.remove());
  say('');
  refresh();
}

add.addEventListener('click', append);
watch('value', draw);
draw();
refresh();
