import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, Header } from 'tar';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { download, hashFile } from '../../../src/model/bases/hub/download';
import { hubAddress } from '../../../src/model/bases/hub/hub-address';
import { findSavedModel, unpack } from '../../../src/model/bases/hub/unpack';

let directory: string;
const content = randomBytes(3_000_000);
const archive = () => join(directory, 'archive.tar.gz');

/** Requests that came, and what the server does with the next ones. */
interface Behaviour {
  etag: string;
  /** Breaks the connection after so many bytes of a body, once for each entry. */
  breaks: number[];
  body: Buffer;
  redirect?: string;
}
let behaviour: Behaviour;
let requests: { url: string; range: string | undefined; ifRange: string | undefined }[] = [];
let server: Server;
let origin: string;

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { range, 'if-range': ifRange } = request.headers;
  requests.push({ url: request.url!, range, ifRange: ifRange as string | undefined });
  if (request.url === '/missing.tar.gz') return void response.writeHead(404).end();
  if (behaviour.redirect) {
    const location = behaviour.redirect;
    delete behaviour.redirect;
    return void response.writeHead(302, { location }).end();
  }
  const { body, etag } = behaviour;
  const from = range && ifRange === etag ? Number(/^bytes=(\d+)-$/.exec(range)![1]) : 0;
  const rest = body.subarray(from);
  response.writeHead(from > 0 ? 206 : 200, {
    etag,
    'content-length': rest.length,
    ...(from > 0 ? { 'content-range': `bytes ${from}-${body.length - 1}/${body.length}` } : {}),
  });
  const until = behaviour.breaks.shift();
  if (until === undefined) return void response.end(rest);
  response.write(rest.subarray(0, until), () => setImmediate(() => response.destroy()));
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'descent hub download ü '));
  server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(directory, { recursive: true, force: true });
});
afterEach(async () => {
  requests = [];
  for (const name of await readdir(directory))
    await rm(join(directory, name), { recursive: true, force: true });
});

const progress: [number, number][] = [];
function fetchArchive(options: { sha256?: string; largestBytes?: number; url?: string } = {}) {
  progress.length = 0;
  return download(options.url ?? `${origin}/model.tar.gz`, archive(), {
    sha256: options.sha256,
    largestBytes: options.largestBytes ?? 1e9,
    signal: new AbortController().signal,
    onProgress: (done, total) => progress.push([done, total]),
  });
}

describe('a download', () => {
  it('goes on where the connection broke, by Range and If-Range, and tells how far it is', async () => {
    behaviour = { etag: '"one"', breaks: [1_000_000], body: content };
    await fetchArchive();
    expect((await readFile(archive())).equals(content)).toBe(true);
    expect(requests).toHaveLength(2);
    const [, second] = requests;
    expect(second!.ifRange).toBe('"one"');
    expect(Number(/^bytes=(\d+)-$/.exec(second!.range!)![1])).toBeGreaterThan(0);
    expect(progress.at(-1)).toEqual([content.length, content.length]);
    expect(await readdir(directory)).toEqual(['archive.tar.gz']);
  });

  it('keeps what came when the server dies, and a later call asks for the rest', async () => {
    behaviour = { etag: '"one"', breaks: [1_000_000, 0], body: content };
    await expect(fetchArchive()).rejects.toThrow(/can't be downloaded: .*came and are kept/);
    const { size } = await stat(`${archive()}.part`);
    expect(size).toBeGreaterThan(0);
    expect(existsSync(archive())).toBe(false);
    requests = [];
    await fetchArchive();
    expect(requests).toEqual([{ url: '/model.tar.gz', range: `bytes=${size}-`, ifRange: '"one"' }]);
    expect((await readFile(archive())).equals(content)).toBe(true);
  });

  it('begins anew when the file changed meanwhile', async () => {
    behaviour = { etag: '"one"', breaks: [1_000_000, 0], body: content };
    await expect(fetchArchive()).rejects.toThrow(/kept/);
    const changed = randomBytes(500_000);
    behaviour = { etag: '"two"', breaks: [], body: changed };
    await fetchArchive();
    expect((await readFile(archive())).equals(changed)).toBe(true);
  });

  it('refuses a wrong checksum and keeps nothing of it', async () => {
    behaviour = { etag: '"one"', breaks: [], body: content };
    await expect(fetchArchive({ sha256: '0'.repeat(64) })).rejects.toThrow(
      /has the SHA-256 [0-9a-f]{64}, not 0{64}/,
    );
    expect(existsSync(archive())).toBe(false);
    expect(existsSync(`${archive()}.part`)).toBe(false);
    await writeFile(join(directory, 'plain'), content);
    await fetchArchive({ sha256: await hashFile(join(directory, 'plain')) });
  });

  it('refuses what is too large, before and while it comes', async () => {
    behaviour = { etag: '"one"', breaks: [], body: content };
    await expect(fetchArchive({ largestBytes: 1_000_000 })).rejects.toThrow(/is larger than 1.0 MB/);
  });

  it('names the address that is not there, or can not be reached', async () => {
    behaviour = { etag: '"one"', breaks: [], body: content };
    await expect(fetchArchive({ url: `${origin}/missing.tar.gz` })).rejects.toThrow(
      /there is no such file \(HTTP 404\)/,
    );
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    await expect(fetchArchive({ url: `http://127.0.0.1:${port}/a.tar.gz` })).rejects.toThrow(
      /can't be reached \(ECONNREFUSED\)/,
    );
  });

  it('follows redirects, but to no place where the file could be changed on the way', async () => {
    behaviour = { etag: '"one"', breaks: [], body: content, redirect: '/elsewhere.tar.gz' };
    await fetchArchive();
    expect(requests.map(({ url }) => url)).toEqual(['/model.tar.gz', '/elsewhere.tar.gz']);
    behaviour = { etag: '"one"', breaks: [], body: content, redirect: 'http://example.invalid/a.tar.gz' };
    await rm(archive());
    await expect(fetchArchive()).rejects.toThrow(/would be fetched over http/);
  });
});

describe('addresses', () => {
  it('are asked for as TensorFlow Hub and Kaggle give archives', () => {
    const hub = 'https://tfhub.dev/google/imagenet/mobilenet_v2_100_224/feature_vector/4';
    expect(hubAddress(hub).download).toBe(`${hub}?tf-hub-format=compressed`);
    const archived =
      'https://kaggle.com/api/v1/models/google/mobilenet-v2/tensorFlow2/100-224-feature-vector/2/download';
    for (const page of [
      'https://kaggle.com/models/google/mobilenet-v2/frameworks/tensorFlow2/variations/100-224-feature-vector/versions/2',
      'https://kaggle.com/models/google/mobilenet-v2/tensorFlow2/100-224-feature-vector/2',
    ])
      expect(hubAddress(page).download).toBe(archived);
    expect(hubAddress('https://example.org/m.tar.gz').download).toBe('https://example.org/m.tar.gz');
  });

  it('may carry a checksum, which is not sent', () => {
    const sha256 = 'ab'.repeat(32);
    const found = hubAddress(`https://example.org/m.tar.gz#sha256=${sha256}`);
    expect(found).toMatchObject({ handle: 'https://example.org/m.tar.gz', sha256 });
    expect(() => hubAddress('https://example.org/m.tar.gz#md5=1')).toThrow(/no checksum/);
  });

  it('are refused without https, and on Kaggle without a version', () => {
    expect(() => hubAddress('http://example.org/m.tar.gz')).toThrow(/would be fetched over http/);
    expect(() => hubAddress('file:///etc/passwd')).toThrow(/would be fetched over file/);
    expect(() => hubAddress('https://www.kaggle.com/models/google/mobilenet-v2')).toThrow(
      /one version of a model/,
    );
  });
});

/** A .tar of entries as somebody who means harm writes them. */
async function hostileArchive(
  entries: { path: string; type?: 'File' | 'SymbolicLink' | 'Link' | 'CharacterDevice'; linkpath?: string }[],
) {
  const blocks: Buffer[] = [];
  for (const { path, type = 'File', linkpath = '' } of entries) {
    const data = type === 'File' ? Buffer.from('harm') : Buffer.alloc(0);
    const header = new Header({ path, type, linkpath, size: data.length, mode: 0o644, mtime: new Date(0) });
    const block = Buffer.alloc(512);
    header.encode(block);
    blocks.push(block, Buffer.concat([data, Buffer.alloc((512 - (data.length % 512)) % 512)]));
  }
  await writeFile(archive(), Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

describe('unpacking', () => {
  it('writes the files of an archive, and finds the SavedModel in its only folder', async () => {
    const source = join(directory, 'source', 'model', 'variables');
    await mkdir(source, { recursive: true });
    await writeFile(join(source, '..', 'saved_model.pb'), 'graph');
    await writeFile(join(source, 'variables.index'), 'index');
    await create({ gzip: true, file: archive(), cwd: join(directory, 'source') }, ['model']);
    const target = join(directory, 'target');
    await mkdir(target);
    await unpack(archive(), target);
    expect(await findSavedModel(target)).toBe(join(target, 'model'));
    expect(await readFile(join(target, 'model', 'variables', 'variables.index'), 'utf8')).toBe('index');
  });

  it.each([
    [
      'a path that leaves the folder',
      [{ path: 'saved_model.pb' }, { path: '../outside' }],
      /outside its folder/,
    ],
    ['an absolute path', [{ path: '/tmp/descent-outside' }], /outside its folder/],
    ['a path with .. in its middle', [{ path: 'a/../../outside' }], /outside its folder/],
    [
      'a symbolic link',
      [{ path: 'variables', type: 'SymbolicLink', linkpath: '/' }],
      /"variables" is a link \(to "\/"\)/,
    ],
    ['a hard link', [{ path: 'saved_model.pb', type: 'Link', linkpath: '../secret' }], /is a link/],
    ['a device', [{ path: 'zero', type: 'CharacterDevice' }], /no plain file \(CharacterDevice\)/],
  ] as const)('writes nothing of an archive with %s', async (_, entries, message) => {
    await hostileArchive([{ path: 'first' }, ...entries]);
    const target = join(directory, 'inner', 'target');
    await mkdir(target, { recursive: true });
    await expect(unpack(archive(), target)).rejects.toThrow(message);
    expect(await readdir(target)).toEqual([]);
    expect(await readdir(join(directory, 'inner'))).toEqual(['target']);
  });

  it('refuses an archive that is cut off, is none, or holds too much', async () => {
    const source = join(directory, 'source');
    await mkdir(source);
    await writeFile(join(source, 'saved_model.pb'), randomBytes(200_000));
    await create({ gzip: true, file: archive(), cwd: source }, ['saved_model.pb']);
    const target = join(directory, 'target');
    await mkdir(target);
    await expect(unpack(archive(), target, { entries: 10, bytes: 1000 })).rejects.toThrow(
      /holds more than 1000 bytes/,
    );
    await expect(unpack(archive(), target, { entries: 0, bytes: 1e9 })).rejects.toThrow(
      /holds more than 0 files/,
    );
    const whole = await readFile(archive());
    await writeFile(archive(), whole.subarray(0, 100_000));
    await expect(unpack(archive(), target)).rejects.toThrow(/cut off or damaged/);
    await writeFile(archive(), '<html>Sign in to Kaggle</html>'.repeat(100));
    await expect(unpack(archive(), target)).rejects.toThrow(/is not unpacked/);
    expect((await readdir(target)).filter((name) => name !== 'saved_model.pb')).toEqual([]);
  });

  it('does not take an archive without a SavedModel for one', async () => {
    await mkdir(join(directory, 'tfjs'));
    await writeFile(join(directory, 'tfjs', 'model.json'), '{}');
    await expect(findSavedModel(directory)).rejects.toThrow(/no saved_model.pb in the archive/);
    await symlink('/', join(directory, 'root'));
  });
});
