const list = element.querySelector('.words-rows');
const note = element.querySelector('.words-note');
const add = element.querySelector('.words-add');
const pattern = element.querySelector('template').content.firstElementChild;
const separator = /[;\n\r\u061b\ufe54\uff1b]+/;

const PAUSE = 800; // ms without a key, after which a word counts as typed
const READ = 8000; // ms that a sentence about what has been done stays

/** What a row says: {text, colour, on}, as last committed. */
const words = new WeakMap();
let commits = 0;
let typing, saying; // timers

const rows = () => [...list.children];
const part = (row, name) => row.querySelector('.words-' + name);
function say(sentence) {
  clearTimeout(saying);
  note.textContent = sentence;
}

function sayDone(sentence) {
  say(sentence);
  saying = setTimeout(say, READ, '');
}

/** The rows with text, as handlers get them. */
const written = () => rows().map(row => words.get(row)).filter(
  word => word.text.trim()).map(word => ({...word}));

const nameOf = row => words.get(row).text.split(/[,\u060c\u3001\uff0c:]/)[0].trim()
  || 'word ' + (rows().indexOf(row) + 1);

/** Send the rows, new ones with a colour; mark those that will be refused. */
async function commit() {
  const turn = ++commits;
  say('');
  refresh();
  const sent = rows().filter(row => words.get(row).text.trim());
  const isColoured = sent.every(row => words.get(row).colour);
  if (isColoured) send();
  // Without an answer, the colours are chosen with the result.
  const {coloured, refused} = await server.check(written()).catch(
    () => ({coloured: [], refused: []}));
  if (turn !== commits) return; // a later edit sends these, too
  coloured.forEach(({colour}, i) => { words.get(sent[i]).colour ||= colour; });
  refresh();
  mark(refused.map(number => sent[number - 1]));
  if (!isColoured) send();
}

function send() {
  props.value = written();
  trigger('input');
}

function mark(refused) {
  rows().forEach(row => part(row, 'text').setAttribute(
    'aria-invalid', refused.includes(row)));
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
    disable(part(row, 'up'), i === 0);
    disable(part(row, 'down'), i === all.length - 1);
  });
  add.setAttribute('aria-disabled', all.length >= props.max_words);
}

/** Take a button out of the order of Tab; `disabled` would lose the focus. */
function disable(button, isOff) {
  button.setAttribute('aria-disabled', isOff);
  button.tabIndex = isOff ? -1 : 0;
}

function makeRow(word) {
  const row = pattern.cloneNode(true);
  words.set(row, {text: '', colour: null, on: true, ...word});
  const text = part(row, 'text');
  text.value = words.get(row).text;
  text.addEventListener('focus', () => { text.dataset.before = text.value; });
  text.addEventListener('input', event => onInput(event, row));
  text.addEventListener('compositionend', event => onInput(event, row));
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
  clearTimeout(typing);
  const [first = '', ...more] = text.split(separator).map(
    each => each.trim()).filter(Boolean);
  const fit = more.slice(0, Math.max(0, props.max_words - list.children.length));
  part(row, 'text').value = first;
  let last = row;
  const added = fit.length + !words.get(row).text;
  for (const each of fit) {
    last.after(makeRow({text: each}));
    last = last.nextElementSibling;
  }
  if (first !== words.get(row).text || fit.length) set(row, {text: first});
  const left = more.length - fit.length;
  if (left) sayFull('; ' + left + (left > 1 ? ' were' : ' was') + ' left out');
  else if (fit.length)
    sayDone(added + (added > 1 ? ' words' : ' word') + ' added.');
  return last;
}

function sayFull(more = '') {
  say('Up to ' + props.max_words + ' words fit' + more + '.');
}

/** Take over what is typed after a pause, without touching the field: what is
 * empty, a list that goes on and several words wait for the end of the edit. */
function onInput(event, row) {
  clearTimeout(typing);
  const text = event.target.value.trim();
  if (event.isComposing || !text || /[,:\u060c\u3001\uff0c]$/.test(text)
    || separator.test(text)) return;
  typing = setTimeout(() => {
    if (row.isConnected && text !== words.get(row).text) set(row, {text});
  }, PAUSE);
}

function onKey(event, row) {
  const text = event.target;
  if (event.isComposing) return;
  if (event.key === 'Escape') write(row, text.dataset.before);
  if (event.key !== 'Enter') return;
  event.preventDefault();
  const last = write(row, text.value);
  if (last.nextElementSibling) {
    const next = part(last.nextElementSibling, 'text');
    next.focus();
    next.select();
  } else if (text.value) append();
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
    sayFull();
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
  sayDone('Moved ' + nameOf(row) + ' to place ' + (rows().indexOf(row) + 1)
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
  (near ? part(near, 'remove') : add).focus();
  commit();
  sayDone('Removed ' + name + '.');
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
  clearTimeout(typing);
  const kept = rows();
  value.forEach((word, i) => {
    if (!kept[i]) return list.append(makeRow(word));
    words.set(kept[i], word);
    const text = part(kept[i], 'text');
    if (text.value !== word.text) text.value = text.dataset.before = word.text;
  });
  kept.slice(value.length).forEach(row => row.remove());
  say('');
  mark([]);
  refresh();
}

add.addEventListener('click', append);
watch('value', draw);
draw();
refresh();
