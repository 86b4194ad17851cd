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
  const guess = left + above - corner;
  const [a, b, c] = [left, above, corner].map(
    value => Math.abs(guess - value));
  return a <= b && a <= c ? left : b <= c ? above : corner;
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
    const start = row * width;
    for (let x = 0; x < width; x++) {
      const left = x ? map[start + x - 1] : 0;
      const above = row ? map[start + x - width] : 0;
      const corner = x && row ? map[start + x - width - 1] : 0;
      map[start + x] = raw[at + 1 + x] + filter(left, above, corner);
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
  const zoom = Math.max(Math.round(640 / Math.max(width, height)), 1);
  return {key, width, height, zoom, image, ...greyOf(image, width, height)};
}

async function readAnswer(answer) {
  const {width, height, heat} = answer;
  const [labels, confidence, levels] = await Promise.all(
    [answer.index, answer.confidence, heat && heat.url].map(
      url => url ? readMap(url, width, height) : null));
  return {...answer, labels, confidence, levels};
}
