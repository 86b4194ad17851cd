// Maps of the server: PNG files of 8-bit grey, one byte per pixel. They are
// read here and not by a canvas, since browsers that hide what machine they
// run on change the pixels that a script reads from a canvas.

function bytesOf(url) {
  const text = atob(url.slice(url.indexOf(',') + 1));
  return Uint8Array.from(text, letter => letter.charCodeAt(0));
}

async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(
    new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Chunks of a PNG file: length, type, data, checksum.
function* chunksOf(bytes) {
  const view = new DataView(bytes.buffer);
  for (let at = 8; at < bytes.length;) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    yield [type, bytes.subarray(at + 8, at + 8 + length)];
    at += 12 + length;
  }
}

function paeth(left, above, corner) {
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  return toLeft <= toAbove && toLeft <= toCorner ? left
    : toAbove <= toCorner ? above : corner;
}

const FILTERS = [
  () => 0,
  left => left,
  (left, above) => above,
  (left, above) => left + above >> 1,
  paeth,
];

function unfilter(raw, width, height) {
  const map = new Uint8Array(width * height);
  for (let row = 0, at = 0; row < height; row++, at += width + 1) {
    const filter = FILTERS[raw[at]];
    let left = 0;
    let corner = 0;
    for (let x = 0, to = row * width; x < width; x++, to++) {
      const above = row ? map[to - width] : 0;
      map[to] = raw[at + 1 + x] + filter(left, above, corner);
      left = map[to];
      corner = above;
    }
  }
  return map;
}

async function readMap(url, width, height) {
  const parts = [];
  for (const [type, data] of chunksOf(bytesOf(url))) {
    if (type === 'IDAT') parts.push(data);
  }
  return unfilter(
    await inflate(await new Blob(parts).arrayBuffer()), width, height);
}

// A photo as it is drawn. Small ones are enlarged by whole numbers, so that
// their lines are not as thick as their pixels.
async function readPhoto({key, width, height, url}) {
  const image = new Image();
  image.src = url;
  await image.decode();
  const zoom = Math.max(Math.round(960 / Math.max(width, height)), 1);
  return {key, width, height, zoom, image, ...greyOf(image, width, height)};
}

// Answers with their maps, of which those of earlier answers are not read
// again.
async function readAnswers(given, earlier) {
  const known = new Map(earlier.flatMap(({maps}) => [...maps]));
  return Promise.all(given.map(async answer => {
    const urls = [
      answer.index, answer.confidence, answer.heat && answer.heat.url];
    const [labels, confidence, levels] = await Promise.all(urls.map(
      url => !url ? null : known.get(url)
        || readMap(url, answer.width, answer.height)));
    const maps = new Map(
      [labels, confidence, levels].map((map, i) => [urls[i], map]));
    return {...answer, labels, confidence, levels, maps};
  }));
}
