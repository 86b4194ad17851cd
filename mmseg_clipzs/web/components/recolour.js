// Colours of the rows of words, for the classes of answers to just these rows;
// others wait for theirs. The background has no row, unless a visitor has
// written one.
(rows, value) => {
  const used = rows.filter(row => row.on && row.text.trim());
  const isTheirs = value && value.rows && value.rows.length === used.length
    && value.rows.every((text, i) => text === used[i].text);
  return !isTheirs ? value : {
    ...value, answers: value.answers.map(answer => ({
      ...answer, classes: answer.classes.map(each => ({
        ...each, colour: (used[each.row] || each).colour,
      }))}))};
}
