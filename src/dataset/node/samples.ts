import { writeFile as writeFileCallback } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import pLimit from 'p-limit';
import { z } from 'zod';
import { DescentError } from '../../contract/errors';
import { makeDirectory } from '../../files/node/make-directory';
import { encodeGreyPng } from './grey-png';

export const sampleNames = ['digits', 'iris', 'mails'] as const;
export type SampleName = (typeof sampleNames)[number];

export interface SampleOptions {
  /** Descent's own `resources` folder, which holds the compact copies (resources/samples/README.md). */
  resourcesDir: string;
  /** Called as files are written. */
  onProgress?: (progress: { done: number; total: number }) => void;
  signal?: AbortSignal;
}

export interface WrittenSample {
  /** The folder, absolute. */
  path: string;
  /** How many files were written into it. */
  files: number;
}

interface SampleFile {
  /** Class folder, or empty for a file of the folder itself. */
  folder: string;
  name: string;
  content: () => Promise<Buffer | string>;
}

const decompress = promisify(brotliDecompress);
// Half the time of fs/promises' writeFile, which opens a handle object for every file.
const writeFile = promisify(writeFileCallback);
const WRITERS = 8;
const PROGRESS_STEP = 100;

const digitsDescription = z.object({
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  counts: z.array(z.number().int().nonnegative()).length(10),
});
const mailsDescription = z.object({ ham: z.array(z.string()), spam: z.array(z.string()) });

async function readResource(options: SampleOptions, name: string): Promise<Buffer> {
  const path = join(options.resourcesDir, 'samples', name);
  try {
    return await readFile(path);
  } catch (cause) {
    throw new DescentError('io', `The sample data ${path} cannot be read.`, {
      subject: path,
      remedy: 'Get Descent anew: a part of it is missing.',
      cause,
    });
  }
}

function numbered(index: number, ending: string): string {
  return `${String(index + 1).padStart(4, '0')}${ending}`;
}

async function digitFiles(options: SampleOptions): Promise<SampleFile[]> {
  const description = digitsDescription.parse(
    JSON.parse((await readResource(options, 'digits.json')).toString('utf8')),
  );
  const pixels = await decompress(await readResource(options, 'digits.raw.br'));
  const { width, height, counts } = description;
  const size = width * height;
  const files: SampleFile[] = [];
  for (const [digit, count] of counts.entries()) {
    for (let index = 0; index < count; index += 1) {
      const start = files.length * size;
      files.push({
        folder: String(digit),
        name: numbered(index, '.png'),
        content: async () => encodeGreyPng(pixels.subarray(start, start + size), width, height),
      });
    }
  }
  if (files.length * size !== pixels.length)
    throw new DescentError(
      'io',
      'The digits sample is damaged: it holds another number of images than it says.',
      {
        remedy: 'Get Descent anew.',
      },
    );
  return files;
}

async function irisFiles(options: SampleOptions): Promise<SampleFile[]> {
  const table = await readResource(options, 'iris.csv');
  return [{ folder: '', name: 'iris.csv', content: async () => table }];
}

async function mailFiles(options: SampleOptions): Promise<SampleFile[]> {
  const packed = await decompress(await readResource(options, 'mails.json.br'));
  const mails = mailsDescription.parse(JSON.parse(packed.toString('utf8')));
  return Object.entries(mails).flatMap(([folder, texts]) =>
    texts.map((text, index) => ({ folder, name: numbered(index, '.txt'), content: async () => `${text}\n` })),
  );
}

const makers: Record<SampleName, (options: SampleOptions) => Promise<SampleFile[]>> = {
  digits: digitFiles,
  iris: irisFiles,
  mails: mailFiles,
};

async function claimDirectory(directory: string): Promise<void> {
  try {
    await makeDirectory(directory);
    if ((await readdir(directory)).length === 0) return;
  } catch (cause) {
    throw new DescentError('io', `The folder ${directory} cannot be made: ${(cause as Error).message}.`, {
      subject: directory,
      remedy: 'Name a folder in a place where you may write.',
      cause,
    });
  }
  throw new DescentError('bad-input', `The folder ${directory} is not empty.`, {
    subject: directory,
    remedy: 'Name a new or an empty folder for the sample.',
  });
}

/**
 * Writes a sample data set as an ordinary folder: digits as class folders 0 to 9 of 28 by 28 grey PNGs, iris as one
 * iris.csv, mails as class folders ham and spam of .txt files. What was written goes away again when it fails.
 * @throws DescentError `bad-input` for a folder that is not empty, `io` where it cannot be written, `cancelled`
 */
export async function writeSample(
  name: SampleName,
  directory: string,
  options: SampleOptions,
): Promise<WrittenSample> {
  const path = resolve(directory);
  const files = await makers[name](options);
  await claimDirectory(path);
  const folders = [...new Set(files.map(({ folder }) => folder))];
  const limit = pLimit(WRITERS);
  let done = 0;
  const write = async (file: SampleFile): Promise<void> => {
    if (options.signal?.aborted) throw new DescentError('cancelled', 'Writing the sample was cancelled.');
    await writeFile(join(path, file.folder, file.name), await file.content(), { flag: 'wx' });
    done += 1;
    if (done % PROGRESS_STEP === 0 || done === files.length)
      options.onProgress?.({ done, total: files.length });
  };
  try {
    for (const folder of folders) await makeDirectory(join(path, folder));
    await Promise.all(files.map((file) => limit(write, file)));
  } catch (cause) {
    limit.clearQueue();
    // Those under way would otherwise write into what is taken away.
    while (limit.activeCount > 0) await new Promise((wake) => setTimeout(wake, 5));
    const written = folders.flatMap((folder) => (folder === '' ? files.map((file) => file.name) : [folder]));
    for (const entry of written) await rm(join(path, entry), { recursive: true, force: true });
    if (cause instanceof DescentError) throw cause;
    throw new DescentError('io', `The sample cannot be written to ${path}: ${(cause as Error).message}.`, {
      subject: path,
      remedy: 'Look for free disk space and for the right to write there.',
      cause,
    });
  }
  return { path, files: files.length };
}
