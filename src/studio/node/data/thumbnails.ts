import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { DescentError } from '../../../contract/errors';
import { thumbnail } from '../../../dataset/node/decode';
import { writeFileAtomically } from '../../../files/node/atomic';
import type { Logger } from '../logger';

const mime = 'image/webp';

export interface Thumbnail {
  mime: string;
  /** Null when the file is no readable picture. */
  bytes: Uint8Array | null;
}

/** Small pictures of files, kept in the cache folder by path, change time and size of file and picture. */
export class Thumbnails {
  private readonly limit = pLimit(Math.max(1, cpus().length));

  constructor(
    private readonly cacheDirectory: string,
    private readonly logger: Logger,
  ) {}

  get(path: string, size: number): Promise<Thumbnail> {
    return this.limit(async () => {
      try {
        return { mime, bytes: await this.load(path, size) };
      } catch (error) {
        // What is wrong with a file is a finding of the scan; the page shows an empty frame.
        if (error instanceof DescentError || (error as NodeJS.ErrnoException).code === 'ENOENT') {
          return { mime, bytes: null };
        }
        throw error;
      }
    });
  }

  private async load(path: string, size: number): Promise<Uint8Array> {
    const { mtimeMs, size: fileBytes } = await stat(path);
    const key = createHash('sha256').update(`${path}\0${mtimeMs}\0${fileBytes}\0${size}`).digest('hex');
    const kept = join(this.cacheDirectory, 'thumbnails', key.slice(0, 2), `${key}.webp`);
    try {
      return await readFile(kept);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    const { bytes } = await thumbnail(path, size);
    await writeFileAtomically(kept, bytes).catch((error: Error) =>
      this.logger.warn(`A thumbnail could not be kept: ${error.message}`),
    );
    return bytes;
  }
}
