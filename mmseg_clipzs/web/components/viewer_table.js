// The table of shares; everything in it is text, never markup.
function make(name, parent, properties = {}) {
  return parent.appendChild(
    Object.assign(document.createElement(name), properties));
}

function percent(value) {
  if (value === null || value === undefined) return '–';
  if (value > 0 && value < 0.01) return '<1 %';
  return Math.round(100 * value) + ' %';
}

function fillHead(head, answers) {
  const row = document.createElement('tr');
  const cell = text => make('th', row, {scope: 'col', textContent: text});
  cell('Class');
  for (const answer of answers) {
    const of = answers.length > 1 ? ', ' + answer.title : '';
    cell('Share' + of);
    cell('Confidence' + of).title =
      'Mean probability of the class where it is shown';
  }
  cell('Heat map');
  head.replaceChildren(row);
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
  heat.setAttribute('aria-label', 'Heat map of ' + name);
  return row;
}

function fillRow(row, values, colour, {painted, isHeat}) {
  row.querySelector('.painted').checked = painted;
  row.querySelector('.swatch').style.background = colour;
  row.querySelector('.heat').setAttribute('aria-pressed', isHeat);
  const last = row.lastElementChild;
  while (row.children.length > 2) row.children[1].remove();
  for (const value of values) {
    const share = document.createElement('td');
    const bar = make('span', share, {className: 'bar'});
    bar.style.width = 100 * value.share + '%';
    bar.style.background = colour;
    make('span', share, {textContent: percent(value.share)});
    row.insertBefore(share, last);
    const confidence = document.createElement('td');
    confidence.textContent = percent(value.confidence);
    row.insertBefore(confidence, last);
  }
}

// Rows are kept as long as their class is, and so are focus and scrolling.
function fillTable(table, answers, stateOf) {
  fillHead(table.tHead, answers);
  const body = table.tBodies[0];
  const old = new Map([...body.rows].map(row => [row.dataset.name, row]));
  const [first] = answers;
  first.classes.forEach((each, index) => {
    const row = old.get(each.name) || newRow(each.name);
    old.delete(each.name);
    fillRow(row, answers.map(answer => answer.classes.find(
      other => other.name === each.name) || {share: 0, confidence: null}),
    each.colour, stateOf(each.name));
    if (body.rows[index] !== row) {
      body.insertBefore(row, body.rows[index] || null);
    }
  });
  for (const row of old.values()) row.remove();
}
