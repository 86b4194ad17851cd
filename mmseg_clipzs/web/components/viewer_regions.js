// Connected pixels of one class, eight neighbours each.
function regionAt(answer, x, y) {
  const {width, height, labels, confidence} = answer;
  const start = y * width + x;
  const label = labels[start];
  const inside = new Uint8Array(labels.length);
  const open = new Int32Array(labels.length);
  let count = 0;
  let sum = 0;
  let last = 0;
  open[last++] = start;
  inside[start] = 1;
  while (last) {
    const at = open[--last];
    const column = at % width;
    count++;
    sum += confidence ? confidence[at] : 0;
    for (let down = -width; down <= width; down += width) {
      for (let right = -1; right <= 1; right++) {
        const next = at + down + right;
        const side = column + right;
        if (next >= 0 && next < labels.length && side >= 0 && side < width
            && !inside[next] && labels[next] === label) {
          inside[next] = 1;
          open[last++] = next;
        }
      }
    }
  }
  return {
    label, inside, count, share: count / (width * height),
    confidence: confidence ? sum / count / 255 : null,
  };
}

function enlarge(map, width, height, zoom) {
  if (zoom === 1) return map;
  const result = new Uint8Array(map.length * zoom * zoom);
  for (let y = 0, at = 0; y < height * zoom; y++) {
    const row = Math.floor(y / zoom) * width;
    for (let x = 0; x < width; x++) {
      result.fill(map[row + x], at, at += zoom);
    }
  }
  return result;
}

// Pixels that have another value within a distance, also diagonally: 1.
function bordersOf(map, width, height, distance) {
  const result = new Uint8Array(map.length);
  const mark = (left, right, top, bottom) => {
    const [first, last] = [Math.max(left, 0), Math.min(right, width - 1)];
    for (let y = Math.max(top, 0); y <= Math.min(bottom, height - 1); y++) {
      result.fill(1, y * width + first, y * width + last + 1);
    }
  };
  const before = distance - 1;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (x + 1 < width && map[at] !== map[at + 1]) {
        mark(x - before, x + distance, y - distance, y + distance);
      }
      if (y + 1 < height && map[at] !== map[at + width]) {
        mark(x - distance, x + distance, y - before, y + distance);
      }
    }
  }
  return result;
}
