import { readFile } from 'node:fs/promises';
import { DescentError } from '../../contract/errors';

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });
const westernEuropean = new TextDecoder('windows-1252');

/** Whether bytes are something else than text: a zero byte that is no half of a UTF-16 character. */
export function looksBinary(bytes: Uint8Array): boolean {
  if (utf16(bytes)) return false;
  return bytes.includes(0);
}

function utf16(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return undefined;
}

/** Text of a file: UTF-16 by its mark, else UTF-8, else Windows-1252 (which reads any bytes). The mark is taken off. */
export function decodeText(bytes: Uint8Array): string {
  const wide = utf16(bytes);
  if (wide) return new TextDecoder(wide).decode(bytes);
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return westernEuropean.decode(bytes);
  }
}

/** Reads a text file. Throws `io` when it can't be read, `bad-input` when it is no text. */
export async function readTextFile(path: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new DescentError(code === 'ENOENT' ? 'not-found' : 'io', `${path} can't be read (${code}).`, {
      subject: path,
      remedy: 'Look whether the file is still there and may be read.',
      cause: error,
    });
  }
  if (looksBinary(bytes)) throw new DescentError('bad-input', `${path} is not a text.`, { subject: path });
  return decodeText(bytes);
}
