import { crc32 } from '@node-rs/crc32';
import { fromBuffer, type ZipFile } from 'yauzl';
import { badKerasFile, otherFile } from './damaged';

export interface KerasArchive {
  config: string;
  /** metadata.json: which Keras wrote it, and when. */
  metadata: string | undefined;
  /** model.weights.h5 */
  weights: Uint8Array;
}

const wanted = { config: 'config.json', metadata: 'metadata.json', weights: 'model.weights.h5' };

/** More than any model that fits into memory; a guard against archives that grow without end. */
const largestPart = 4 * 1024 ** 3;

export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 || bytes[2] === 5);
}

/**
 * Reads a `.keras` file: a zip of config.json, metadata.json and model.weights.h5. Checksums are checked.
 * @throws DescentError `bad-input` naming the file and the part at fault
 */
export async function readKerasArchive(bytes: Uint8Array, file: string): Promise<KerasArchive> {
  let parts: Map<string, Uint8Array>;
  try {
    parts = await partsOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (cause) {
    throw badKerasFile(
      file,
      `it can’t be read as a .keras file: ${cause instanceof Error ? cause.message : String(cause)}`,
      otherFile,
      cause,
    );
  }
  const part = (name: string): Uint8Array => {
    const found = parts.get(name);
    if (found) return found;
    const sharded = parts.has('model.weights.json');
    throw badKerasFile(
      file,
      sharded ? 'its weights are cut into shards' : `there is no ${name} in it`,
      sharded ? 'Save the model without sharding: model.save("model.keras").' : otherFile,
    );
  };
  const metadata = parts.get(wanted.metadata);
  return {
    config: Buffer.from(part(wanted.config)).toString('utf8'),
    metadata: metadata && Buffer.from(metadata).toString('utf8'),
    weights: part(wanted.weights),
  };
}

async function partsOf(bytes: Buffer): Promise<Map<string, Uint8Array>> {
  const zip = await new Promise<ZipFile>((resolve, reject) =>
    fromBuffer(bytes, { lazyEntries: true }, (error, opened) => (error ? reject(error) : resolve(opened))),
  );
  const parts = new Map<string, Uint8Array>();
  await new Promise<void>((resolve, reject) => {
    zip.on('error', reject);
    zip.on('end', resolve);
    zip.on('entry', (entry) => {
      if (entry.fileName === 'model.weights.json') parts.set(entry.fileName, new Uint8Array());
      if (!Object.values(wanted).includes(entry.fileName)) return zip.readEntry();
      if (entry.uncompressedSize > largestPart) return reject(new Error(`${entry.fileName} is too large`));
      zip.openReadStream(entry, (error, stream) => {
        if (error) return reject(error);
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('error', reject);
        stream.on('end', () => {
          const part = Buffer.concat(chunks);
          if (crc32(part) !== entry.crc32)
            return reject(new Error(`${entry.fileName} is damaged, its checksum is wrong`));
          parts.set(entry.fileName, part);
          zip.readEntry();
        });
      });
    });
    zip.readEntry();
  });
  return parts;
}
