// Draws resources/icon.png (1024 by 1024, from which electron-builder makes the other formats) from resources/icon.svg.
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { say } from './lib/say.mjs';

const resources = join(realpathSync(dirname(dirname(fileURLToPath(import.meta.url)))), 'resources');
const { width, height, size } = await sharp(join(resources, 'icon.svg'), { density: 72 })
  .resize(1024, 1024)
  .png({ compressionLevel: 9 })
  .toFile(join(resources, 'icon.png'));
say(`resources/icon.png: ${width} by ${height}, ${size} bytes`);
