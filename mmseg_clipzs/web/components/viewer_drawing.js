// Everything that is drawn lies in canvases of the same size, one above the
// other: a change of opacity or of the view only puts them together again.
const IGNORED = 255;
const WHITE = 0xffffffff;
const BLACK = 0xff000000;

function newCanvas(width, height) {
  return Object.assign(document.createElement('canvas'), {width, height});
}

function greyOf(image, width, height) {
  const grey = newCanvas(width, height);
  const context = grey.getContext('2d');
  context.drawImage(image, 0, 0, width, height);
  context.globalCompositeOperation = 'saturation';
  context.fillStyle = '#808080';
  context.fillRect(0, 0, width, height);
  return {grey};
}

// '#rrggbb' as a pixel of ImageData, of which the last byte is opacity.
function pixelOf(colour) {
  const [red, green, blue] = [1, 3, 5].map(
    at => parseInt(colour.slice(at, at + 2), 16));
  return (255 << 24 | blue << 16 | green << 8 | red) >>> 0;
}

function layerOf(width, height, colourAt) {
  const layer = newCanvas(width, height);
  const context = layer.getContext('2d');
  const data = context.createImageData(width, height);
  const pixels = new Uint32Array(data.data.buffer);
  for (let at = 0; at < pixels.length; at++) pixels[at] = colourAt(at);
  context.putImageData(data, 0, 0);
  return layer;
}

function lineWidth(width, height) {
  return Math.max(Math.round(Math.sqrt(width * height) / 400), 1);
}

// Colours of the painted classes, the grey photo below them, their outlines.
function classLayers(answer, photo, isPainted) {
  const [width, height] = [
    photo.width * photo.zoom, photo.height * photo.zoom];
  const table = new Uint32Array(256);
  answer.classes.forEach((each, index) => {
    if (isPainted(each.name)) table[index] = pixelOf(each.colour);
  });
  const labels = enlarge(
    answer.labels, photo.width, photo.height, photo.zoom);
  const borders = bordersOf(labels, width, height, lineWidth(width, height));
  const colours = layerOf(width, height, at => table[labels[at]]);
  const lines = layerOf(
    width, height, at => borders[at] ? table[labels[at]] : 0);
  const grey = newCanvas(width, height);
  const context = grey.getContext('2d');
  context.drawImage(photo.grey, 0, 0, width, height);
  context.globalCompositeOperation = 'destination-in';
  context.drawImage(colours, 0, 0);
  return {colours, lines, grey};
}

function heatLayer(answer, ramp) {
  const table = ramp.map(pixelOf);
  return layerOf(
    answer.width, answer.height, at => table[answer.levels[at]]);
}

// A white line inside a region and a black one outside.
function regionLayer(region, photo) {
  const [width, height] = [
    photo.width * photo.zoom, photo.height * photo.zoom];
  const inside = enlarge(
    region.inside, photo.width, photo.height, photo.zoom);
  const borders = bordersOf(
    inside, width, height, lineWidth(width, height) + 1);
  return layerOf(width, height, at => borders[at] ? (
    inside[at] ? WHITE : BLACK) : 0);
}

// Where the photo ends and what is drawn over it begins.
function drawEdge(context, left) {
  const {width, height} = context.canvas;
  const half = lineWidth(width, height);
  context.fillStyle = '#000';
  context.fillRect(left - 2 * half, 0, 4 * half, height);
  context.fillStyle = '#fff';
  context.fillRect(left - half, 0, 2 * half, height);
}

// Put the layers of an answer together. `wipe` is the part of the width, from
// the left, that stays the photo.
function drawAnswer(canvas, photo, answer, {view, opacity, outlines, wipe}) {
  const {width, height} = canvas;
  const context = canvas.getContext('2d');
  const put = (layer, alpha = 1) => {
    context.globalAlpha = alpha;
    context.drawImage(layer, 0, 0, width, height);
    context.globalAlpha = 1;
  };
  context.save();
  put(photo.image);
  const left = Math.round(wipe * width);
  context.beginPath();
  context.rect(left, 0, width - left, height);
  context.clip();
  if (answer && view === 'labels') {
    put(answer.layers.grey);
    put(answer.layers.colours, opacity);
    if (outlines) put(answer.layers.lines);
  } else if (answer && answer.layers.heat && view === 'heat') {
    put(photo.grey);
    context.fillStyle = 'rgb(128 128 128 / 35%)';  // lowers the contrast
    context.fillRect(0, 0, width, height);
    put(answer.layers.heat, opacity);
  }
  context.restore();
  if (answer && wipe > 0 && view !== 'photo') drawEdge(context, left);
  if (answer && answer.layers.region) put(answer.layers.region);
}
