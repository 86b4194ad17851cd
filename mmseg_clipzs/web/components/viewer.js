const RAMP = props.ramp;
const find = selector => element.querySelector(selector);
const root = find('.viewer');
const pictures = [...element.querySelectorAll('figure')].map(figure => ({
  figure,
  title: figure.querySelector('figcaption'),
  frame: figure.querySelector('.frame'),
  canvas: figure.querySelector('canvas'),
  cross: figure.querySelector('.cross'),
  tip: figure.querySelector('.tip'),
}));
// What the visitor has chosen, which new answers leave as it is.
const look = {
  view: 'labels', opacity: null, outlines: true, wipe: 0,
  switched: new Map(),  // name -> whether it is painted
  heat: null,           // name of the class
  cursor: null,         // {x, y}, pixels of the photo as shown
  pinned: null,         // the same, of a selected region
};
let photo = null;
let answers = [];
let turn = 0;

function isPainted(name) {
  return look.switched.get(name)
    ?? name.toLowerCase() !== props.background;
}

// ------------------------------------------------------- what is under it
function pointOf(answer, {x, y}) {
  const at = y * answer.width + x;
  const each = answer.classes[answer.labels[at]];
  return each ? {
    name: each.name, colour: each.colour,
    confidence: answer.confidence ? answer.confidence[at] / 255 : null,
  } : {name: 'not segmented', colour: 'transparent', confidence: null};
}

function sentence(point) {
  return point.name + (
    point.confidence === null ? '' : ' ' + percent(point.confidence));
}

function titled(answer, text) {
  return answers.length > 1 ? answer.title + ': ' + text : text;
}

function describeCursor() {
  return answers.map(answer => titled(
    answer, sentence(pointOf(answer, look.cursor)))).join('. ');
}

function describeRegion(answer) {
  const {region, classes} = answer;
  const each = classes[region.label];
  const parts = [
    each ? each.name : 'not segmented',
    percent(region.share) + ' of the photo',
    region.count.toLocaleString('en') + (
      region.count === 1 ? ' pixel' : ' pixels')];
  if (region.confidence !== null) {
    parts.push('mean confidence ' + percent(region.confidence));
  }
  return titled(answer, parts.join(', '));
}

function describeAnswer(answer) {
  const found = answer.classes.filter(each => each.share > 0).sort(
    (one, other) => other.share - one.share);
  return titled(answer, found.map(
    each => each.name + ' ' + percent(each.share)).join(', '));
}

function describeView(answer) {
  if (look.view === 'photo' || !answer) return 'The photo';
  if (look.view === 'heat') {
    return titled(answer, answer.heat ? 'heat map of ' + answer.heat.name
      : 'heat map');
  }
  return describeAnswer(answer);
}

// -------------------------------------------------------------- showing it
let isDue = false;

function draw() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    pictures.forEach(({canvas}, index) => {
      if (photo && (index === 0 || answers[index])) {
        drawAnswer(canvas, photo, answers[index], look);
        canvas.setAttribute('aria-label', describeView(answers[index]));
      }
    });
  });
}

function showCursor() {
  pictures.forEach(({cross, tip}, index) => {
    const answer = answers[index];
    const isShown = Boolean(look.cursor && answer);
    cross.hidden = tip.hidden = !isShown;
    if (!isShown) return;
    const {x, y} = look.cursor;
    const [left, top] = [
      (x + 0.5) / photo.width, (y + 0.5) / photo.height];
    for (const mark of [cross, tip]) {
      mark.style.left = 100 * left + '%';
      mark.style.top = 100 * top + '%';
    }
    tip.dataset.side = (left > 0.5 ? 'left' : 'right')
      + (top > 0.5 ? ' above' : ' below');
    const point = pointOf(answer, look.cursor);
    const swatch = document.createElement('i');
    swatch.style.background = point.colour;
    const name = document.createElement('bdi');
    name.textContent = point.name;
    tip.replaceChildren(swatch, name);
    if (point.confidence !== null) {
      make('b', tip, {textContent: percent(point.confidence)});
    }
  });
}

function showRegion() {
  for (const answer of answers) {
    answer.region = look.pinned
      ? regionAt(answer, look.pinned.x, look.pinned.y) : null;
    answer.layers.region = answer.region
      ? regionLayer(answer.region, photo) : null;
  }
  const reading = find('.reading');
  reading.replaceChildren();
  if (look.pinned && answers.length) {
    for (const answer of answers) {
      make('p', reading, {textContent: describeRegion(answer), dir: 'auto'});
    }
    make('button', reading, {
      type: 'button', className: 'release', textContent: 'End selection'});
  }
}

function repaint() {
  for (const answer of answers) {
    Object.assign(answer.layers, classLayers(answer, photo, isPainted));
  }
}

function showTable() {
  find('.shares').hidden = !answers.length;
  if (!answers.length) return;
  fillTable(find('table'), answers, name => ({
    painted: isPainted(name),
    isHeat: look.view === 'heat' && name === look.heat}));
}

function showScale() {
  root.dataset.view = look.view;
  find('.scale').hidden = look.view !== 'heat';
  find('.scale bdi').textContent = look.heat || '';
}

function speak(text) {
  find('.live').textContent = text;
}

// ----------------------------------------------------- from the server
async function update() {
  const mine = ++turn;
  const given = props.photo;
  const value = given && props.value || {answers: []};
  const next = given && (photo && photo.key === given.key
    ? photo : await readPhoto(given));
  const fitting = value.answers.filter(answer => answer.width === given.width
    && answer.height === given.height);
  const read = await Promise.all(fitting.map(readAnswer));
  if (mine !== turn) return;  // something newer has come
  if (next !== photo) look.cursor = look.pinned = null;
  photo = next;
  answers = read;
  root.dataset.state = !photo ? 'empty' : answers.length ? 'answer' : 'photo';
  root.dataset.count = Math.max(answers.length, 1);
  look.opacity ??= value.opacity_default ?? null;
  find('.opacity').value = 100 * (look.opacity ?? 0.6);
  pictures.forEach(({figure, title, canvas}, index) => {
    figure.hidden = !photo || index > 0 && !answers[index];
    title.textContent = answers[index] && answers.length > 1
      ? answers[index].title : '';
    if (photo) {
      const [width, height] = [
        photo.width * photo.zoom, photo.height * photo.zoom];
      if (canvas.width !== width) canvas.width = width;
      if (canvas.height !== height) canvas.height = height;
    }
  });
  for (const answer of answers) {
    answer.layers = answer.levels ? {heat: heatLayer(answer, RAMP)} : {};
  }
  repaint();
  showRegion();
  showCursor();
  askHeat();
  showScale();
  showTable();
  draw();
}

// Ask for the heat map of the wanted class, if it is not there.
function askHeat() {
  if (look.view !== 'heat' || !answers.length) return;
  const names = answers[0].classes.map(each => each.name);
  if (!names.includes(look.heat)) {
    look.heat = answers[0].classes.reduce(
      (one, other) => other.share > one.share ? other : one).name;
  }
  if (answers.some(({heat}) => !heat || heat.name !== look.heat)) {
    trigger('heat', {name: look.heat});
  }
}

function setView(view) {
  if (look.view === 'heat' && view !== 'heat') trigger('heat', {name: null});
  look.view = view;
  find('.views input[value=' + view + ']').checked = true;
  askHeat();
  showScale();
  showTable();
  draw();
}

// -------------------------------------------------------------- by hand
function moveTo(cursor) {
  look.cursor = cursor;
  showCursor();
}

function pin(point) {
  look.pinned = point;
  showRegion();
  draw();
  speak(point ? answers.map(describeRegion).join('. ')
    : 'Selection ended');
}

function placeOf(event, canvas) {
  const box = canvas.getBoundingClientRect();
  const within = (part, count) => Math.min(
    Math.max(Math.floor(part * count), 0), count - 1);
  return {
    x: within((event.clientX - box.left) / box.width, photo.width),
    y: within((event.clientY - box.top) / box.height, photo.height)};
}

const ARROWS = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1],
  ArrowDown: [0, 1]};

function onKey(event) {
  if (!answers.length || event.ctrlKey || event.altKey || event.metaKey) {
    return;
  }
  const arrow = ARROWS[event.key];
  const {width, height} = photo;
  const from = look.cursor || {x: width >> 1, y: height >> 1};
  if (arrow) {
    const step = event.shiftKey ? 1 : Math.ceil(Math.max(width, height) / 40);
    const within = (value, count) => Math.min(Math.max(value, 0), count - 1);
    moveTo({x: within(from.x + step * arrow[0], width),
      y: within(from.y + step * arrow[1], height)});
    speak(describeCursor());
  } else if (event.key === 'Enter' || event.key === ' ') {
    moveTo(from);
    pin(from);
  } else if (event.key === 'Escape' && look.pinned) {
    pin(null);
  } else {
    return;
  }
  event.preventDefault();
}

for (const {frame, canvas} of pictures) {
  const follow = event => answers.length && moveTo(placeOf(event, canvas));
  frame.addEventListener('pointermove', follow);
  frame.addEventListener('pointerdown', follow);
  frame.addEventListener('pointerleave', event => {
    if (event.pointerType === 'mouse') moveTo(null);
  });
  frame.addEventListener('click', event => {
    if (!answers.length) return;
    const place = placeOf(event, canvas);
    const isSame = look.pinned && answers[0].region.inside[
      place.y * photo.width + place.x];
    pin(isSame ? null : place);
  });
  frame.addEventListener('keydown', onKey);
  frame.addEventListener('blur', () => moveTo(null));
}
find('.views').addEventListener('change', event => {
  setView(event.target.value);
});
find('.opacity').addEventListener('input', event => {
  look.opacity = event.target.value / 100;
  draw();
});
find('.opacity').addEventListener('change', () => {
  trigger('opacity', {opacity: look.opacity});
});
find('.wipe').addEventListener('input', event => {
  look.wipe = event.target.value / 100;
  draw();
});
find('.outlines').addEventListener('change', event => {
  look.outlines = event.target.checked;
  draw();
});
find('.reading').addEventListener('click', event => {
  if (event.target.closest('.release')) pin(null);
});
find('tbody').addEventListener('change', event => {
  look.switched.set(
    event.target.closest('tr').dataset.name, event.target.checked);
  repaint();
  draw();
});
find('tbody').addEventListener('click', event => {
  const button = event.target.closest('.heat');
  if (!button) return;
  const {name} = button.closest('tr').dataset;
  const isOn = button.getAttribute('aria-pressed') === 'true';
  look.heat = name;
  setView(isOn ? 'labels' : 'heat');
});
find('.scale i').style.background =
  'linear-gradient(to right,' + RAMP.join(',') + ')';
watch(['photo', 'value'], update);
update();
