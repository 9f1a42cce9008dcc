import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { DescentError } from '../../../contract/errors';
import { writeFileAtomically } from '../../../files/node/atomic';
import { requireSafe } from './hub-address';

export interface DownloadOptions {
  /** Wanted of the whole file, hexadecimal. */
  sha256?: string | undefined;
  /** Larger files are refused. */
  largestBytes: number;
  /** `total` 0: not known. */
  onProgress(done: number, total: number): void;
  signal: AbortSignal;
}

/** What of a file's first part has to be the same for the rest to fit. */
const partRecord = z.object({ url: z.string(), validator: z.string().nullable() });
const mostRedirects = 10;
/** A server that says nothing for so long is given up. */
const patience = 60_000;
/** Connections that break are begun again, as long as each brings something. */
const mostAttempts = 5;

/** The connection broke, or could not be made; what came is kept. */
class ConnectionError extends Error {}

/**
 * Downloads a file to `path`. What came is kept in `<path>.part` when the connection breaks or the person stops, and the next call asks
 * for the rest alone (Range, with If-Range, so that a file that changed meanwhile is fetched anew). Asks for nothing but this address
 * and where it redirects to.
 * @throws DescentError `io` when the server can't be reached or refuses, `bad-input` when the file is too large or its checksum is
 *   wrong, `out-of-space`, `cancelled`
 */
export async function download(url: string, path: string, options: DownloadOptions): Promise<void> {
  const part = `${path}.part`;
  await mkdir(dirname(path), { recursive: true });
  for (let attempt = 1; ; attempt++) {
    const before = await sizeOf(part);
    try {
      await fetchRest(url, part, options);
      break;
    } catch (error) {
      if (options.signal.aborted)
        throw new DescentError('cancelled', 'The download was stopped; what came is kept.');
      if (!(error instanceof ConnectionError)) throw error;
      const gained = (await sizeOf(part)) > before;
      if (!gained || attempt >= mostAttempts) throw unreachable(url, error, await sizeOf(part));
    }
  }
  if (options.sha256 !== undefined) await requireChecksum(part, url, options.sha256);
  await rename(part, path);
  await rm(`${part}.json`, { force: true });
}

function unreachable(url: string, error: ConnectionError, kept: number): DescentError {
  const rest = kept > 0 ? ` ${megabytes(kept)} came and are kept: another try goes on from there.` : '';
  return new DescentError('io', `${url} can't be downloaded: ${error.message}.${rest}`, {
    subject: url,
    cause: error.cause,
  });
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

async function requireChecksum(part: string, url: string, wanted: string): Promise<void> {
  const found = await hashFile(part);
  if (found === wanted) return;
  await rm(part, { force: true });
  throw new DescentError(
    'bad-input',
    `The file from ${url} has the SHA-256 ${found}, not ${wanted}: it is not used.`,
    {
      subject: url,
      remedy: 'Compare the checksum with its source’s, or try again.',
    },
  );
}

/** SHA-256, hexadecimal. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

async function fetchRest(url: string, part: string, options: DownloadOptions): Promise<void> {
  const record = await readFile(`${part}.json`, 'utf8')
    .then((text) => partRecord.parse(JSON.parse(text)))
    .catch(() => undefined);
  const validator = record?.url === url ? record.validator : null;
  let from = validator === null ? 0 : await sizeOf(part);
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (from > 0) Object.assign(headers, { range: `bytes=${from}-`, 'if-range': validator });
  const idle = new AbortController();
  const signal = AbortSignal.any([options.signal, idle.signal]);
  const waiting = giveUpLater(idle);
  const response = await ask(url, headers, signal).finally(() => clearTimeout(waiting));
  // Nothing is left, or what is here is longer than the file: from the start.
  if (response.status === 416) {
    await response.body?.cancel();
    await rm(part, { force: true });
    await rm(`${part}.json`, { force: true });
    return fetchRest(url, part, options);
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw refused(url, response.status);
  }
  const resumed = response.status === 206 ? rangeOf(response, from) : undefined;
  if (response.status === 206 && !resumed) {
    await response.body?.cancel();
    await rm(part, { force: true });
    throw new DescentError('io', `${url} answered with another part of the file than was asked for.`, {
      subject: url,
    });
  }
  if (!resumed) from = 0;
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  const total = resumed?.total ?? (Number.isFinite(length) ? length : 0);
  await requireRoom(url, part, total, from, options.largestBytes);
  if (!resumed) {
    const fresh = { url, validator: validatorOf(response) };
    await rm(part, { force: true });
    await writeFileAtomically(`${part}.json`, JSON.stringify(fresh));
  }
  const done = await write(response, part, { from, total, url, idle, options });
  if (total > 0 && done < total)
    throw new ConnectionError(`the connection ended at ${done} of ${total} bytes`);
}

/** A strong ETag, else the date: weak ones don't promise the same bytes (RFC 9110, 13.1.5). */
function validatorOf(response: Response): string | null {
  const etag = response.headers.get('etag');
  return etag !== null && !etag.startsWith('W/') ? etag : response.headers.get('last-modified');
}

function rangeOf(response: Response, from: number): { total: number } | undefined {
  const found = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '');
  return found && Number(found[1]) === from ? { total: Number(found[2]) } : undefined;
}

function refused(url: string, status: number): DescentError {
  const why =
    status === 404 || status === 410
      ? 'there is no such file'
      : status === 401 || status === 403
        ? 'it asks for an account, or for consent to its licence'
        : 'the server refuses';
  return new DescentError(
    status === 404 || status === 410 ? 'not-found' : 'io',
    `${url} can't be downloaded: ${why} (HTTP ${status}).`,
    {
      subject: url,
    },
  );
}

async function requireRoom(
  url: string,
  part: string,
  total: number,
  from: number,
  largest: number,
): Promise<void> {
  if (total > largest) throw tooLarge(url, largest);
  const { bavail, bsize } = await statfs(dirname(part));
  if (total - from > bavail * bsize)
    throw new DescentError(
      'out-of-space',
      `${url} has ${megabytes(total)}, and ${dirname(part)} has room for ${megabytes(bavail * bsize)}.`,
      {
        subject: dirname(part),
        remedy: 'Make room on that disk.',
      },
    );
}

function tooLarge(url: string, largest: number): DescentError {
  return new DescentError(
    'bad-input',
    `${url} is larger than ${megabytes(largest)}, the most that is downloaded.`,
    {
      subject: url,
      remedy: 'Download and unpack it yourself, and choose the folder: --model saved-model:DIR.',
    },
  );
}

/** To be cleared as soon as something comes. */
function giveUpLater(idle: AbortController): NodeJS.Timeout {
  return setTimeout(() => idle.abort(new Error(`nothing came for ${patience / 1000} s`)), patience);
}

/** Follows redirects by itself: none may lead to a place that can be tampered with. */
async function ask(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
  let current = new URL(url);
  for (let hop = 0; hop <= mostRedirects; hop++) {
    let response: Response;
    try {
      response = await fetch(current, { headers, redirect: 'manual', signal });
    } catch (cause) {
      throw connectionError(cause);
    }
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || location === null) return response;
    await response.body?.cancel();
    current = new URL(location, current);
    requireSafe(current, current.href);
  }
  throw new DescentError('io', `${url} redirects more than ${mostRedirects} times.`, { subject: url });
}

function connectionError(cause: unknown): ConnectionError {
  const inner = (cause as Error).cause ?? cause;
  const { code, message } = inner as NodeJS.ErrnoException;
  return new ConnectionError(code ? `the server can't be reached (${code})` : message.replace(/\.$/, ''), {
    cause,
  });
}

interface Writing {
  from: number;
  total: number;
  url: string;
  idle: AbortController;
  options: DownloadOptions;
}

/** Appends the body; gives the file's size. */
async function write(
  response: Response,
  part: string,
  { from, total, url, idle, options }: Writing,
): Promise<number> {
  const file = await open(part, from > 0 ? 'r+' : 'w');
  let done = from;
  let timer = giveUpLater(idle);
  try {
    options.onProgress(done, total);
    for await (const chunk of response.body ?? []) {
      clearTimeout(timer);
      if (done + chunk.length > options.largestBytes) throw tooLarge(url, options.largestBytes);
      await file.write(chunk, 0, chunk.length, done);
      done += chunk.length;
      options.onProgress(done, total);
      timer = giveUpLater(idle);
    }
    return done;
  } catch (error) {
    if (error instanceof DescentError || (error as NodeJS.ErrnoException).syscall === 'write') throw error;
    throw connectionError(error);
  } finally {
    clearTimeout(timer);
    await file.close();
  }
}
