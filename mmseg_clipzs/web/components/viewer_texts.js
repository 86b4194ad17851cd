// What pictures, pixels and regions are called.
const NOTHING = 'not segmented';  // where a photo is transparent

function pointOf(answer, {x, y}) {
  const at = y * answer.width + x;
  const each = answer.classes[answer.labels[at]];
  return each ? {
    name: each.name, colour: each.colour,
    confidence: answer.confidence ? answer.confidence[at] / 255 : null,
  } : {name: NOTHING, colour: 'transparent', confidence: null};
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

// The name of a class, and what is said of a region of it.
function describeRegion({region, classes}) {
  const each = classes[region.label];
  const share = 100 * region.share;
  const parts = [
    (share < 9.95 ? Number(share.toPrecision(2)) : Math.round(share))
    + ' % of the photo'];
  if (region.confidence !== null) {
    parts.push('mean confidence ' + percent(region.confidence));
  }
  return [each ? each.name : NOTHING, parts.join(', ')];
}

function speakOfRegion(answer) {
  return titled(answer, describeRegion(answer).join(', '));
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
