import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { create } from 'tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommandLine, startCommandLine } from '../../support/command-line';
import { hubModels, hubSide, readFloats } from '../../support/hub-models';
import { pythonJudge } from '../../support/python-judge';

const judge = await pythonJudge();
let home: string;
let library: string;
let photos: string;
let archive: Buffer;
let pixels: Float32Array;
/** What Python computes of `pixels`: [3, 1280]. */
let features: Float32Array;

const requests: { url: string; range: string | undefined }[] = [];
let breaks: number[] = [];
let server: Server;
let origin: string;

/** Pictures whose colours tell their class, the three of `pixels` among them. */
async function writePhotos(): Promise<void> {
  const size = hubSide * hubSide * 3;
  for (const [number, label] of ['warm', 'cold'].entries()) {
    await mkdir(join(photos, label), { recursive: true });
    for (let picture = 0; picture < 10; picture++) {
      const start = (picture % 3) * size;
      const bytes = Buffer.from(pixels.subarray(start, start + size));
      for (let at = 0; at < size; at++) if (at % 3 === number * 2) bytes[at]! >>= 1 + (picture % 3);
      await picturePng(bytes, join(photos, label, `${picture}.png`));
    }
  }
  await picturePng(Buffer.from(pixels.subarray(0, size)), join(home, 'first.png'));
}

async function picturePng(bytes: Buffer, path: string): Promise<void> {
  await sharp(bytes, { raw: { width: hubSide, height: hubSide, channels: 3 } })
    .png()
    .toFile(path);
}

beforeAll(async () => {
  if (typeof judge === 'string') return;
  home = mkdtempSync(join(tmpdir(), 'descent hub ü '));
  library = join(home, 'runs');
  photos = join(home, 'photos');
  const models = await hubModels(judge);
  pixels = await readFloats(join(models, 'pixels.bin'));
  features = await readFloats(join(models, 'hub.bin'));
  await writePhotos();
  await create({ gzip: true, file: join(home, 'model.tar.gz'), cwd: join(models, 'hub') }, [
    './saved_model.pb',
    './variables',
  ]);
  archive = await readFile(join(home, 'model.tar.gz'));
  server = createServer(({ url, headers: { range } }, response) => {
    requests.push({ url: url!, range });
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    const rest = archive.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, {
      etag: '"4"',
      'content-length': rest.length,
      ...(from > 0 ? { 'content-range': `bytes ${from}-${archive.length - 1}/${archive.length}` } : {}),
    });
    const until = breaks.shift();
    if (until === undefined) response.end(rest);
    else response.write(rest.subarray(0, until), () => setImmediate(() => response.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}, 300_000);
afterAll(() => {
  server?.closeAllConnections();
  server?.close();
  if (home) rmSync(home, { recursive: true, force: true });
});

const quick = [
  '--epochs',
  '2',
  '--set',
  'flipLeftRight=false',
  '--set',
  'brightness=0',
  '--set',
  'batchSize=4',
];

function train(model: string, ...others: string[]) {
  return runCommandLine(
    ['train', photos, '--model', model, ...quick, ...others, '--library', library, '--json'],
    home,
  );
}

/** Weights of a saved layers model by name. */
function readWeights(directory: string): Map<string, Float32Array> {
  const { weightsManifest } = JSON.parse(readFileSync(join(directory, 'model.json'), 'utf8')) as {
    weightsManifest: { weights: { name: string; shape: number[] }[] }[];
  };
  const bytes = readFileSync(join(directory, 'weights.bin'));
  const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  let at = 0;
  return new Map(
    weightsManifest[0]!.weights.map(({ name, shape }) => {
      const size = shape.reduce((product, length) => product * length, 1);
      at += size;
      return [name, values.subarray(at - size, at)];
    }),
  );
}

describe.skipIf(typeof judge === 'string')('descent train --model hub:...', () => {
  let run: string;
  let handle: string;

  it('downloads the base, going on where the connection broke, and predicts what Python’s features give', async () => {
    handle = `${origin}/google/feature_vector/4`;
    breaks = [Math.floor(archive.length / 2)];
    const { status, lines, words } = await train(`hub:${handle}`);
    expect(words).not.toContain('Error');
    expect(status).toBe(0);
    expect(requests.map(({ url }) => url)).toEqual(
      Array(2).fill('/google/feature_vector/4?tf-hub-format=compressed'),
    );
    expect(requests[1]!.range).toMatch(/^bytes=[1-9]\d*-$/);
    const { path, run: id } = lines.at(-1)! as { path: string; run: string };
    run = id;
    expect(lines.find(({ type }) => type === 'program')).toMatchObject({ kind: 'features' });

    const weights = readWeights(join(path, 'model'));
    const kernel = [...weights].find(([name]) => name.endsWith('dense/kernel'))![1];
    const bias = [...weights].find(([name]) => name.endsWith('dense/bias'))![1];
    const logits = [...bias].map((offset, label) =>
      features.subarray(0, 1280).reduce((sum, value, row) => sum + value * kernel[row * 2 + label]!, offset),
    );
    const [first, second] = logits.map(Math.exp);
    const predicted = await runCommandLine(
      ['predict', run, 'first.png', '--library', library, '--json'],
      home,
    );
    expect(predicted.status).toBe(0);
    const { probabilities } = predicted.lines[0] as { probabilities: Record<string, number> };
    expect(probabilities.cold).toBeCloseTo(first! / (first! + second!), 4);
    expect(probabilities.warm).toBeCloseTo(second! / (first! + second!), 4);
  });

  it('asks for nothing that is there already, and goes on after the server is gone', async () => {
    requests.length = 0;
    expect((await train(`hub:${handle}`)).status).toBe(0);
    expect(requests).toEqual([]);
  });

  it('goes on where a run was interrupted, without the server', async () => {
    requests.length = 0;
    const running = await startCommandLine(
      [
        'train',
        photos,
        '--model',
        `hub:${handle}`,
        ...quick,
        '--epochs',
        '2000',
        '--library',
        library,
        '--json',
      ],
      home,
    );
    const { run: id } = await running.line('run');
    await running.line('epoch');
    running.child.kill('SIGINT');
    expect((await running.end).status).toBe(130);
    const resumed = await startCommandLine(['resume', id as string, '--library', library, '--json'], home);
    const { epoch } = await resumed.line('epoch');
    expect(epoch).toBeGreaterThan(1);
    resumed.child.kill('SIGINT');
    expect((await resumed.end).status).toBe(130);
    expect(requests).toEqual([]);
  });

  it('says offline which file to put where, and takes it from there', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const gone = `http://127.0.0.1:${(closed.address() as AddressInfo).port}/other/1`;
    await new Promise((resolve) => closed.close(resolve));
    const { status, words } = await train(`hub:${gone}`);
    expect(status).toBe(1);
    expect(words).toContain(
      `${gone}?tf-hub-format=compressed can't be downloaded: the server can't be reached`,
    );
    const place = /put the file there as (.+?\.tar\.gz), and start again/.exec(words)?.[1];
    expect(place).toBeDefined();
    await copyFile(join(home, 'model.tar.gz'), place!);
    expect((await train(`hub:${gone}`, '--epochs', '1')).status).toBe(0);
  });

  it('takes a downloaded archive, and refuses another checksum than was named', async () => {
    expect((await train('hub:model.tar.gz', '--epochs', '1')).status).toBe(0);
    const { status, words } = await train(`hub:${origin}/wrong/1#sha256=${'0'.repeat(64)}`);
    expect(status).toBe(1);
    expect(words).toMatch(/has the SHA-256 [0-9a-f]{64}, not 0{64}/);
  });

  it('says before an export to TF.js begins why it can not hold the base', async () => {
    const { status, words } = await runCommandLine(
      ['export', run, '--format', 'tfjs', '--library', library],
      home,
    );
    expect(status).toBe(1);
    expect(words).toContain('built on a SavedModel');
  });
});
