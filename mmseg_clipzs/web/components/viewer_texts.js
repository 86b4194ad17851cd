// What pictures, pixels and regions are called.
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
