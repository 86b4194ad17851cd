// The table of shares; everything in it is text, never markup.
function make(name, parent, properties = {}) {
  return parent.appendChild(
    Object.assign(document.createElement(name), properties));
}

function percent(value) {
  if (value > 0 && value < 0.01) return '<1 %';
  return Math.round(100 * value) + ' %';
}

const SHARE = {
  title: 'Share',
  column: 'share',
  about: 'Part of the photo',
  fill: (cell, {share}, colour) => {
    const bar = make('span', cell, {className: 'bar'});
    bar.style.width = 100 * share + '%';
    bar.style.background = colour;
    cell.append(percent(share));
  },
};
const CONFIDENCE = {
  title: 'Confidence',
  column: 'confidence',
  about: 'Mean probability of the class where it is shown',
  fill: (cell, {share, confidence}) => {
    cell.textContent = share ? percent(confidence) : '–';
  },
};

// With two answers, the name of each stands above its columns.
function fillHead(head, answers, columns) {
  const isDouble = answers.length > 1;
  const rows = [document.createElement('tr')];
  const cell = (text, properties) => make(
    'th', rows.at(-1), {scope: 'col', textContent: text, ...properties});
  const values = () => answers.forEach(() => columns.forEach(
    ({title, about}) => cell(title, {title: about})));
  cell('Class', {rowSpan: 1 + isDouble});
  if (isDouble) {
    answers.forEach(({title}) => cell(
      title, {colSpan: columns.length, scope: 'colgroup'}));
  } else {
    values();
  }
  cell('Heat map', {rowSpan: 1 + isDouble});
  if (isDouble) {
    rows.push(document.createElement('tr'));
    values();
  }
  head.replaceChildren(...rows);
}

// A row with its controls, which know it by its name.
function newRow(name) {
  const row = document.createElement('tr');
  row.dataset.name = name;
  const label = make('label', make('th', row, {scope: 'row'}));
  make('input', label, {type: 'checkbox', className: 'painted'});
  make('i', label, {className: 'swatch'});
  make('bdi', label, {textContent: name});
  const heat = make('button', make('td', row), {
    type: 'button', className: 'heat', textContent: 'Show'});
  heat.setAttribute('aria-label', 'Show the heat map of ' + name);
  return row;
}

function fillRow(row, values, columns, colour, {painted, isHeat}) {
  row.querySelector('.painted').checked = painted;
  row.classList.toggle('unpainted', !painted);
  row.querySelector('.swatch').style.background = colour;
  row.querySelector('.heat').setAttribute('aria-pressed', isHeat);
  while (row.cells.length > 2) row.cells[1].remove();
  for (const value of values) {
    for (const {fill} of columns) {
      const cell = document.createElement('td');
      fill(cell, value, colour);
      row.insertBefore(cell, row.lastElementChild);
    }
  }
}

// Classes of the answers, the largest first.
function ordered(answers) {
  const shares = new Map(answers[0].classes.map(({name}) => [name, 0]));
  for (const {name, share} of answers.flatMap(({classes}) => classes)) {
    shares.set(name, (shares.get(name) || 0) + share);
  }
  return [...shares].sort(([, one], [, other]) => other - one).map(
    ([name]) => name);
}

// Rows are kept as long as their class is, and so is the focus.
function fillTable(table, answers, isNarrow, stateOf) {
  const columns = isNarrow && answers.length > 1
    ? [SHARE] : [SHARE, CONFIDENCE];
  table.querySelector('colgroup').replaceChildren(...[
    '', ...answers.flatMap(() => columns.map(({column}) => column)), 'heat-map',
  ].map(className => Object.assign(
    document.createElement('col'), {className})));
  fillHead(table.tHead, answers, columns);
  const body = table.tBodies[0];
  const old = new Map([...body.rows].map(row => [row.dataset.name, row]));
  const focused = document.activeElement;
  ordered(answers).forEach((name, index) => {
    const row = old.get(name) || newRow(name);
    old.delete(name);
    const values = answers.map(({classes}) => classes.find(
      each => each.name === name) || {share: 0});
    const {colour} = values.find(each => each.colour);
    fillRow(row, values, columns, colour, stateOf(name));
    if (body.rows[index] !== row) {
      body.insertBefore(row, body.rows[index] || null);
    }
  });
  for (const row of old.values()) row.remove();
  if (body.contains(focused)) focused.focus({preventScroll: true});
}
