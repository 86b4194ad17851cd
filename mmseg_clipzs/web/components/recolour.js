// Colours of the rows of words, for the classes of the answers. Those that are
// not in the rows, such as the background, come first.
(rows, value) => {
  if (!value || !value.answers) return value;
  const used = rows.filter(row => row.on && row.text.trim());
  return {...value, answers: value.answers.map(answer => {
    const others = answer.classes.length - used.length;
    return others < 0 || others > 1 ? answer : {
      ...answer, classes: answer.classes.map((each, index) => ({
        ...each, colour: (used[index - others] || each).colour,
      }))};
  })};
}
