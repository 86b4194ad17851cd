// What is done by mouse, finger and keyboard.
function moveTo(cursor) {
  look.cursor = cursor;
  showCursor();
}

function pin(point) {
  look.pinned = point;
  showRegion();
  draw();
  speak(point ? answers.map(speakOfRegion).join('. ')
    : 'Selection cleared');
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
  const from = look.cursor || look.pinned || {
    x: width >> 1, y: height >> 1};
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
isNarrow.addEventListener('change', showTable);
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
find('.compare').addEventListener('change', event => {
  const wipe = find('.wipe');
  wipe.parentElement.hidden = !event.target.checked;
  look.wipe = event.target.checked ? wipe.value / 100 : 0;
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
  showTable();
  draw();
});
find('tbody').addEventListener('click', event => {
  const button = event.target.closest('.heat');
  if (!button) return;
  const {name} = button.closest('tr').dataset;
  const isOn = button.getAttribute('aria-pressed') === 'true';
  look.heat = name;
  setView(isOn ? 'labels' : 'heat');
  scrollToPictures('nearest');
});
// Not by CSS: Gradio nests it, and keyframes cannot be nested.
if (!isStill.matches) {
  find('.busy i').animate(
    {transform: ['translateX(-100%)', 'translateX(333%)']},
    {duration: 1200, iterations: Infinity});
}
find('.scale i').style.background =
  'linear-gradient(to right,' + RAMP.join(',') + ')';
watch(['photo', 'value'], update);
update();
