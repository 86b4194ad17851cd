// The table of all figures: sorting, filters, a mean over the chosen data sets.
// Without this script it is a plain table.
function setUp(box) {
  const table = box.querySelector('table')
  const heads = [...table.tHead.rows[0].cells]
  const rows = [...table.tBodies[0].rows]
  const names = heads.map(head => head.textContent.trim())
  const text = (row, column) => row.cells[column].textContent.trim()
  const number = cell => parseFloat(cell)  // "58.9†" -> 58.9, "" -> NaN
  const mean = names.indexOf('mean of 8')
  const sets = names.map((name, i) => i).filter(
    i => i >= names.indexOf('voc21') && i <= names.indexOf('toy'))
  const state = {sort: mean, down: true, shown: new Set(sets)}

  // ------------------------------------------------------------- controls
  const bar = document.createElement('form')
  bar.className = 'figures-bar'
  bar.addEventListener('submit', event => event.preventDefault())

  function labelled(name, field) {
    const label = document.createElement('label')
    label.append(name, field)
    bar.append(label)
    field.addEventListener('input', update)
    return field
  }

  function select(name, choices) {
    const field = document.createElement('select')
    for (const [value, shown] of [['', 'all'], ...choices])
      field.add(new Option(shown, value))
    return labelled(name, field)
  }

  // The most frequent first.
  function values(column) {
    const counts = new Map()
    for (const value of rows.map(row => text(row, column)))
      counts.set(value, (counts.get(value) ?? 0) + 1)
    return [...counts].sort((a, b) => b[1] - a[1]).map(
      ([value]) => [value, value])
  }

  const search = labelled('Method', document.createElement('input'))
  search.type = 'search'
  search.placeholder = 'part of a name'
  const filters = [
    [names.indexOf('protocol'), select(
      'Protocol', values(names.indexOf('protocol')))],
    [names.indexOf('needs'), select('Needs', values(names.indexOf('needs')))],
    [names.indexOf('figures'), select('Figures', [
      ['published', 'published'], ['re-run', 're-run by others'],
      ['here', 'here']])],
  ]
  const group = document.createElement('fieldset')
  const legend = document.createElement('legend')
  legend.textContent = 'Data sets'
  group.append(legend)
  for (const column of sets) {
    const label = document.createElement('label')
    const tick = document.createElement('input')
    tick.type = 'checkbox'
    tick.checked = true
    tick.addEventListener('input', () => {
      state.shown[tick.checked ? 'add' : 'delete'](column)
      update()
    })
    label.append(tick, names[column])
    group.append(label)
  }
  const count = document.createElement('output')
  bar.append(group, count)
  box.prepend(bar)

  // -------------------------------------------------------------- sorting
  heads.forEach((head, column) => {
    const button = document.createElement('button')
    button.type = 'button'
    button.textContent = names[column]
    button.addEventListener('click', () => {
      state.down = state.sort === column
        ? !state.down : sets.includes(column) || column === mean
      state.sort = column
      update()
    })
    head.replaceChildren(button)
  })

  // With the marks of its figures, '' if one is missing.
  function meanOf(row) {
    const real = [...state.shown].filter(column => names[column] !== 'toy')
    const wanted = real.length ? real : [...state.shown]
    const cells = wanted.map(column => text(row, column))
    const figures = cells.map(number)
    if (!figures.length || figures.some(isNaN)) return ''
    const marks = ['†', '‡'].filter(mark => cells.join('').includes(mark))
    return (figures.reduce((a, b) => a + b) / figures.length).toFixed(1)
      + marks.join('')
  }

  function compare(a, b) {
    const numeric = sets.includes(state.sort) || state.sort === mean
    const [x, y] = [a, b].map(row => numeric
      ? number(text(row, state.sort)) : text(row, state.sort).toLowerCase())
    if (numeric && isNaN(x) !== isNaN(y)) return isNaN(x) ? 1 : -1
    if (numeric && isNaN(x)) return 0
    const order = x < y ? -1 : x > y ? 1 : 0
    return state.down ? -order : order
  }

  // The printed mean of the eight stays; others are computed.
  const printed = new Map(rows.map(row => [row, text(row, mean)]))

  function update() {
    const real = sets.filter(column => names[column] !== 'toy')
    const whole = real.every(column => state.shown.has(column))
    for (const row of rows) {
      row.cells[mean].textContent = whole ? printed.get(row) : meanOf(row)
      const fits = filters.every(([column, field]) =>
        !field.value || text(row, column).startsWith(field.value))
      const called = text(row, 0).toLowerCase().includes(
        search.value.trim().toLowerCase())
      const figures = sets.some(
        column => state.shown.has(column) && text(row, column))
      row.hidden = !(fits && called && figures)
    }
    const left = rows.filter(row => !row.hidden)
    // Columns without a figure are hidden, and nothing is sorted by them.
    for (const column of [mean, ...sets]) {
      const hidden = column !== mean && !state.shown.has(column)
        || left.length > 0 && !left.some(row => text(row, column))
      for (const row of [table.tHead.rows[0], ...rows])
        row.cells[column].hidden = hidden
    }
    if (heads[state.sort].hidden) {
      state.sort = [mean, ...sets].find(column => !heads[column].hidden) ?? 0
      state.down = true
    }
    heads[mean].firstChild.textContent = whole
      ? 'mean of 8' : 'mean of those shown'
    heads.forEach((head, column) => head.setAttribute(
      'aria-sort', column !== state.sort ? 'none'
        : state.down ? 'descending' : 'ascending'))
    table.tBodies[0].append(...rows.sort(compare))
    count.textContent = left.length
      ? `${left.length} of ${rows.length} rows`
      : `No row matches. Protocol is "${protocol.value || 'all'}": ` +
        'choose another one, or fewer conditions.'
  }
  // Figures of different protocols do not compare.
  const protocol = filters[0][1]
  protocol.selectedIndex = 1
  update()
}

for (const box of document.querySelectorAll('.figures')) setUp(box)
