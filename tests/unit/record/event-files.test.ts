import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, copyFile, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EventDecoder, type EventSink } from '../../../src/record/node/event-decoder';
import {
  EventDirectoryReader,
  EventFileReader,
  findEventDirectories,
} from '../../../src/record/node/event-file-reader';
import { EventFileWriter } from '../../../src/record/node/event-file-writer';
import { bundleForNode } from '../../support/bundle';
import { scratchDirectory } from './scratch';

type Point = [tag: string, step: number, wallTime: number, value: number];

function collector() {
  const points: Point[] = [];
  const histograms: [string, number, Float64Array][] = [];
  const sink: EventSink = {
    scalar: (tag, step, wallTime, value) => points.push([tag, step, wallTime, value]),
    histogram: (tag, step, _, buckets) => histograms.push([tag, step, buckets]),
  };
  return { points, histograms, sink };
}

async function fileWith(steps: number): Promise<string> {
  const writer = await EventFileWriter.create(await scratchDirectory());
  for (let step = 0; step < steps; step++) writer.scalar('loss', step, step, step);
  await writer.close();
  return writer.path;
}

describe('event files', () => {
  it('give back what was written, whatever the size of steps and values', async () => {
    const directory = await scratchDirectory();
    const writer = await EventFileWriter.create(directory);
    const cases: Point[] = [
      ['loss', 0, 0, 0],
      ['loss', 1, 1.5, -0.25],
      ['epoch_größe', 127, 1e9, 3],
      ['loss', 128, 1_700_000_000.125, Number.POSITIVE_INFINITY],
      ['loss', 2 ** 31, 1, Number.NEGATIVE_INFINITY],
      ['loss', 2 ** 53 - 1, 1, Number.NaN],
      ['loss', -5, 1, 2 ** -149],
      ['', 5, 1, 1],
    ];
    for (const point of cases) writer.scalar(...point);
    await writer.close();
    const { points, sink } = collector();
    const reader = new EventDirectoryReader(directory, sink);
    expect(await reader.read()).toBe(cases.length + 1);
    expect(points).toEqual(cases);
    expect(reader.problems).toEqual([]);
  });

  it('are read on while they grow; a record that is cut off is taken when its rest is there', async () => {
    const whole = await readFile(await fileWith(20));
    const path = join(await scratchDirectory(), 'events.out.tfevents.1.growing');
    const { points, sink } = collector();
    await writeFile(path, '');
    const reader = new EventFileReader(path, new EventDecoder(sink));
    let last = 0;
    for (let at = 0; at < whole.length; at += 7) {
      await appendFile(path, whole.subarray(at, at + 7));
      await reader.read();
      expect(points.length).toBeGreaterThanOrEqual(last);
      last = points.length;
    }
    expect(points.map(([, step]) => step)).toEqual(Array.from({ length: 20 }, (_, step) => step));
    expect(reader.problems).toEqual([]);
    expect(reader.offset).toBe(whole.length);
  });

  it('keep all records before a torn end, at every length', async () => {
    const path = await fileWith(6);
    const whole = await readFile(path);
    const cut = join(await scratchDirectory(), 'events.out.tfevents.1.cut');
    let previous = -1;
    for (let length = 0; length <= whole.length; length++) {
      await writeFile(cut, whole.subarray(0, length));
      const { points, sink } = collector();
      const reader = new EventFileReader(cut, new EventDecoder(sink));
      await reader.read();
      expect(reader.problems).toEqual([]);
      expect(points.map(([, step]) => step)).toEqual(points.map((_, index) => index));
      expect(points.length).toBeGreaterThanOrEqual(previous);
      previous = points.length;
    }
    expect(previous).toBe(6);
  });

  it('lose one record to a flipped bit anywhere in it, and say where', async () => {
    const path = await fileWith(9);
    const whole = await readFile(path);
    const recordBytes = whole.length / 9;
    const middle = Math.floor(recordBytes * 4.5);
    const damaged = join(await scratchDirectory(), 'events.out.tfevents.1.damaged');
    for (let at = middle; at < middle + 70; at++) {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 0x10;
      await writeFile(damaged, bytes);
      const { points, sink } = collector();
      const reader = new EventFileReader(damaged, new EventDecoder(sink));
      await reader.read();
      expect(points.length, `byte ${at}`).toBe(8);
      expect(reader.problems).toHaveLength(1);
      const [problem] = reader.problems;
      expect(problem!.file).toBe(damaged);
      expect(problem!.offset).toBeLessThanOrEqual(at);
      expect(problem!.offset).toBeGreaterThan(at - 100);
      expect(problem!.message).toMatch(/checksum|damaged/);
    }
  });

  it('go on behind a hole of zeros, and say that an end of zeros is damage', async () => {
    const path = await fileWith(100);
    const bytes = await readFile(path);
    bytes.fill(0, 1000, 1500);
    await writeFile(path, bytes);
    const { points, sink } = collector();
    const reader = new EventFileReader(path, new EventDecoder(sink));
    await reader.read();
    expect(points.at(-1)![1]).toBe(99);
    expect(points.length).toBeGreaterThan(85);
    // The record that the hole begins in has a wrong checksum; behind it lengths are damaged too.
    expect(reader.problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('wrong checksum'),
      expect.stringContaining('reading went on at byte'),
    ]);

    const ended = await fileWith(10);
    await appendFile(ended, Buffer.alloc(4096));
    const directory = join(ended, '..');
    const second = collector();
    const all = new EventDirectoryReader(directory, second.sink);
    await all.read();
    expect(second.points).toHaveLength(10);
    expect(all.problems.map(({ message }) => message)).toEqual([
      'The file is damaged from here on; what stands before it was read.',
    ]);
  });

  it('survive garbage, an absurd length and a file that shrinks, without an exception', async () => {
    const directory = await scratchDirectory();
    const path = join(directory, 'events.out.tfevents.1.garbage');
    let state = 1;
    const noise = Uint8Array.from({ length: 200_000 }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 24;
    });
    await writeFile(path, noise);
    const { points, sink } = collector();
    const reader = new EventDirectoryReader(directory, sink);
    expect(await reader.read()).toBe(0);
    expect(reader.problems).toHaveLength(1);
    await copyFile(await fileWith(5), path);
    await truncate(path, 40);
    await reader.read();
    expect(points).toEqual([]);
    expect(reader.problems.some(({ message }) => message.includes('became shorter'))).toBe(true);
  });

  it('hold a record that is larger than what is read at once', async () => {
    const directory = await scratchDirectory();
    const writer = await EventFileWriter.create(directory);
    const large = new Float64Array(3 * 200_000).map((_, index) => index);
    writer.histogram('large', 1, 1, large);
    writer.scalar('loss', 2, 2, 2);
    await writer.close();
    const { points, histograms, sink } = collector();
    await new EventDirectoryReader(directory, sink).read();
    expect(histograms[0]![2]).toEqual(large);
    expect(points).toHaveLength(1);
  });

  it('are on the disk a moment later without a flush being asked for', async () => {
    const writer = await EventFileWriter.create(await scratchDirectory(), { flushMilliseconds: 30 });
    const before = (await stat(writer.path)).size;
    writer.scalar('loss', 1, 1, 1);
    await expect.poll(async () => (await stat(writer.path)).size, { timeout: 2000 }).toBeGreaterThan(before);
    await writer.close();
  });

  it('get names that sort in the order of their making, even within a second', async () => {
    const directory = await scratchDirectory();
    const made: string[] = [];
    for (let index = 0; index < 12; index++) {
      const writer = await EventFileWriter.create(directory);
      made.push(writer.path.slice(directory.length + 1));
      await writer.close();
    }
    expect((await readdir(directory)).sort()).toEqual(made);
    expect(made[0]).toMatch(/^events\.out\.tfevents\.\d{10}\.[\w.-]+\.\d+\.\d+\.v2$/);
  });

  it('are found below a logdir under the names that TensorBoard gives their runs', async () => {
    const logdir = await scratchDirectory();
    for (const run of ['', 'b', 'a/train', 'a/validation']) {
      await (await EventFileWriter.create(join(logdir, run))).close();
    }
    expect((await findEventDirectories(logdir)).map(({ name }) => name)).toEqual([
      '',
      'a/train',
      'a/validation',
      'b',
    ]);
  });

  it('can be read to the last flushed record after kill -9 of the writer', async () => {
    const program = await bundleForNode('tests/fixtures/record/write-until-killed.ts');
    for (const lines of [1, 7, 20]) {
      const directory = await scratchDirectory();
      const child = spawn(process.execPath, [program, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (output.split('\n').length > lines) child.kill('SIGKILL');
      });
      const [, signal] = await once(child, 'close');
      expect(signal).toBe('SIGKILL');
      const flushed = Number(output.trim().split('\n').at(-1));
      const { points, histograms, sink } = collector();
      const reader = new EventDirectoryReader(directory, sink);
      await reader.read();
      expect(reader.problems).toEqual([]);
      expect(points.length).toBeGreaterThan(flushed);
      points.forEach((point, step) => {
        expect(point).toEqual(['loss', step, step / 10, step * 2]);
      });
      expect(histograms.length).toBeGreaterThan(flushed);
    }
  });

  it.skipIf(process.platform === 'win32')('end with a whole record when the disk is full', async () => {
    const program = await bundleForNode('tests/fixtures/record/events-under-limit.ts');
    const directory = await scratchDirectory();
    // 64 blocks of 1 KiB.
    const child = spawn(
      'bash',
      ['-c', `ulimit -f 64; exec "$0" "$@"`, process.execPath, program, directory],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    await once(child, 'close');
    expect(output.trim()).toBe('out-of-space');
    const { points, sink } = collector();
    const path = join(directory, (await readdir(directory))[0]!);
    const reader = new EventFileReader(path, new EventDecoder(sink));
    await reader.read();
    expect(reader.problems).toEqual([]);
    expect(reader.offset).toBe((await stat(path)).size);
    expect(points.length % 1000).toBe(0);
    expect(points.length).toBeGreaterThan(0);
  });
});
