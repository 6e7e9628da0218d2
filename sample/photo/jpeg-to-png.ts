import { decode } from 'jpeg-js';
import { PNG } from 'pngjs';

interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue, alpha; row by row. */
  readonly data: Uint8Array;
}

/** @param width of the PNG; its height follows */
export function jpegToPng(jpeg: Buffer, width: number): Buffer {
  const photo = decode(jpeg, { useTArray: true });
  const png = new PNG({ width, height: Math.round((photo.height * width) / photo.width) });
  scale(photo, png);
  return PNG.sync.write(png);
}

/** Bilinear. */
function scale(from: Pixels, to: Pixels): void {
  const columns = Array.from({ length: to.width }, (_, x) => neighbours(x, from.width, to.width));
  for (let y = 0; y < to.height; y++) {
    const row = neighbours(y, from.height, to.height);
    for (const [x, column] of columns.entries()) {
      const topLeft = (row.first * from.width + column.first) * 4;
      const topRight = (row.first * from.width + column.second) * 4;
      const bottomLeft = (row.second * from.width + column.first) * 4;
      const bottomRight = (row.second * from.width + column.second) * 4;
      for (let channel = 0; channel < 4; channel++) {
        const top = mix(from.data, topLeft + channel, topRight + channel, column.share);
        const bottom = mix(from.data, bottomLeft + channel, bottomRight + channel, column.share);
        to.data[(y * to.width + x) * 4 + channel] = Math.round(top + (bottom - top) * row.share);
      }
    }
  }
}

interface Neighbours {
  readonly first: number;
  readonly second: number;
  /** How much of the second one is in the mix. */
  readonly share: number;
}

function neighbours(position: number, from: number, to: number): Neighbours {
  const exact = Math.min(Math.max(((position + 0.5) * from) / to - 0.5, 0), from - 1);
  const first = Math.floor(exact);
  return { first, second: Math.min(first + 1, from - 1), share: exact - first };
}

function mix(data: Uint8Array, first: number, second: number, share: number): number {
  const value = data[first] ?? 0;
  return value + ((data[second] ?? 0) - value) * share;
}
