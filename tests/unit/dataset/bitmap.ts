/** Writes RGB pixels as an uncompressed BMP; up to 8 bits: grey levels through a colour table. */
export function bitmap(
  pixels: Uint8Array,
  width: number,
  height: number,
  bits: 1 | 4 | 8 | 24 | 32,
  topDown = false,
): Buffer {
  const colours = bits <= 8 ? 2 ** bits : 0;
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  const start = 54 + colours * 4;
  const file = Buffer.alloc(start + rowBytes * height);
  file.write('BM', 'latin1');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(start, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(topDown ? -height : height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(bits, 28);
  for (let index = 0; index < colours; index += 1)
    file.fill(Math.round((index * 255) / (colours - 1)), 54 + index * 4, 57 + index * 4);
  for (let y = 0; y < height; y += 1) {
    const row = start + (topDown ? y : height - 1 - y) * rowBytes;
    for (let x = 0; x < width; x += 1) {
      const from = (y * width + x) * 3;
      if (bits >= 24) {
        const to = row + (x * bits) / 8;
        file[to] = pixels[from + 2]!;
        file[to + 1] = pixels[from + 1]!;
        file[to + 2] = pixels[from]!;
      } else {
        const index = Math.round((pixels[from]! * (colours - 1)) / 255);
        file[row + ((x * bits) >> 3)]! |= index << (8 - bits - ((x * bits) & 7));
      }
    }
  }
  return file;
}
