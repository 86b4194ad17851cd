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
const isNarrow = matchMedia('(max-width: 700px)');
const isStill = matchMedia('(prefers-reduced-motion: reduce)');
let photo = null;
let answers = [];
let turn = 0;
let isFirst = true; // photo of this visit

function isPainted(name) {
  return look.switched.get(name)
    ?? name.toLowerCase() !== props.background;
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
      const [name, rest] = describeRegion(answer);
      const line = make('p', reading);
      if (answers.length > 1) line.append(answer.title + ': ');
      make('bdi', make('b', line), {textContent: name});
      line.append(', ' + rest);
    }
    make('button', reading, {
      type: 'button', className: 'release', textContent: 'Clear selection'});
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
  fillTable(find('table'), answers, isNarrow.matches, name => ({
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
  const read = await readAnswers(fitting, answers);
  if (mine !== turn) return;  // something newer has come
  const isNew = next !== photo;
  if (isNew) look.cursor = look.pinned = null;
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
    // Without a photo nothing of the last one stays.
    const [width, height] = photo
      ? [photo.width * photo.zoom, photo.height * photo.zoom] : [0, 0];
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
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
  root.dataset.turn = mine;
  if (photo && isNew) {
    if (isNarrow.matches && !isFirst) scrollToPictures('start');
    isFirst = false;
  }
}

function scrollToPictures(block) {
  find('.pictures').scrollIntoView({
    block, behavior: isStill.matches ? 'instant' : 'smooth'});
}

// Ask for the heat map of the wanted class, if it is not there.
function askHeat() {
  if (look.view !== 'heat' || !answers.length) return;
  const names = answers[0].classes.map(each => each.name);
  if (!names.includes(look.heat)) {
    look.heat = answers[0].classes.reduce(
      (one, other) => other.share > one.share ? other : one).name;
  }
  const [{heat}] = answers;
  if (!heat || heat.name !== look.heat) {
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
