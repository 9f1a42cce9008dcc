import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DescentError } from '../../../../src/contract/errors';
import { loadBackend } from '../../../../src/engine/native/backend';
import { parseModelConfig } from '../../../../src/model/keras/model-config';
import { buildArchitecture, readKerasModel } from '../../../../src/model/keras/read-model';
import { type KerasFiles, makeKerasFiles } from '../../../support/keras-files';

const files = await makeKerasFiles(2);

let own: string;
let broken: string;
beforeAll(async () => {
  await loadBackend('node');
  own = await mkdtemp(join(tmpdir(), 'descent keras damaged ü '));
  broken = join(own, 'broken');
});
afterAll(() => rm(own, { recursive: true, force: true }));

/** What reading these bytes ends with: undefined when it goes well. */
async function problemOf(bytes: Uint8Array, path: string): Promise<unknown> {
  await writeFile(path, bytes);
  try {
    (await readKerasModel(path)).dispose();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Numbers that look random, the same each time. */
function* numbers(limit: number): Generator<number> {
  for (let state = 12345; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield Math.floor((state / 2 ** 32) * limit);
  }
}

describe.skipIf(typeof files === 'string')('damaged Keras files', () => {
  const { directory } = files as KerasFiles;

  it.each(['picture.h5', 'picture.keras'])(
    '%s is refused by its name wherever it is cut off',
    async (name) => {
      const bytes = await readFile(join(directory, name));
      const places = numbers(bytes.length);
      const lengths = [
        0,
        3,
        8,
        100,
        bytes.length - 1,
        ...Array.from({ length: 20 }, () => places.next().value as number),
      ];
      for (const length of lengths) {
        const problem = await problemOf(bytes.subarray(0, length), broken);
        expect(problem, `cut at ${length}`).toBeInstanceOf(DescentError);
        expect((problem as Error).message).toContain(broken);
      }
    },
  );

  it.each(['picture.h5', 'picture.keras', 'words.h5'])(
    '%s with a bit turned over is read or refused by its name, and the next file is read',
    async (name) => {
      const bytes = await readFile(join(directory, name));
      const places = numbers(bytes.length * 8);
      for (let turn = 0; turn < 120; turn++) {
        const bit = places.next().value as number;
        const damaged = Uint8Array.from(bytes);
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        const problem = await problemOf(damaged, broken);
        if (problem === undefined) continue;
        expect(problem, `bit ${bit}: ${(problem as Error).stack}`).toBeInstanceOf(DescentError);
        expect((problem as Error).message).toContain(broken);
      }
      expect(await problemOf(bytes, broken)).toBeUndefined();
    },
  );

  it('a turned bit among the weights of a .keras file is a wrong checksum', async () => {
    const bytes = Uint8Array.from(await readFile(join(directory, 'picture.keras')));
    bytes[Math.floor(bytes.length * 0.8)]! ^= 1;
    expect(await problemOf(bytes, broken)).toMatchObject({
      message: `${broken}: it can’t be read as a .keras file: model.weights.h5 is damaged, its checksum is wrong.`,
    });
  });

  it.each([
    ['<!doctype html>', 'it is neither HDF5 nor a .keras file; it looks like a web page'],
    ['version https://git-lfs.github.com/spec/v1', 'it is a pointer of Git LFS to it'],
  ])('a file that begins with %s is told for what it is', async (text, message) => {
    expect(String(await problemOf(Buffer.from(text), broken))).toContain(message);
  });
});

describe('models with layers that can’t be computed', () => {
  const start = () => [tf.input({ shape: [8, 8, 3] })];
  const build = (layer: object, from = 'in') => {
    const layers = [
      { class_name: 'InputLayer', name: 'in', config: { name: 'in' }, inbound_nodes: [] },
      { inbound_nodes: [[[from, 0, 0, {}]]], name: 'out', ...layer },
    ];
    const json = JSON.stringify({
      class_name: 'Functional',
      config: { name: 'm', layers, input_layers: [['in', 0, 0]], output_layers: [['out', 0, 0]] },
    });
    const model = parseModelConfig(json, 'm.keras');
    return () => buildArchitecture({ file: 'm.keras', json, kerasVersion: 3, model }, start(), []);
  };

  it.each([
    ['Lambda', {}, 'out (Lambda) holds Python code, which can’t be read from a file: make it a layer'],
    ['TFOpLambda', {}, 'out (TFOpLambda) holds Python code'],
    ['Wavelet', {}, 'out (Wavelet) is of a class that Descent does not know'],
    ['constructor', {}, 'out (constructor) is of a class that Descent does not know'],
    [
      'Conv2D',
      { filters: 2, kernel_size: 3, groups: 3 },
      'out (Conv2D) has groups=3, which Descent can’t compute',
    ],
    ['Conv2D', { filters: 'many', kernel_size: 3 }, 'has filters="many" instead of a number'],
    [
      'Conv2D',
      { filters: 2, kernel_size: 9 },
      'out (Conv2D) can’t be put on inputs of the shape [?, 8, 8, 3]',
    ],
    ['Conv2D', { filters: 2, kernel_size: 3, data_format: 'channels_first' }, 'data_format="channels_first"'],
    [
      'Dense',
      { units: 2, activation: 'hard_sigmoid' },
      'activation hard_sigmoid, which Descent does not know',
    ],
    ['Dense', { units: 2, dtype: { class_name: 'QuantizedDTypePolicy' } }, 'is quantized'],
    ['GRU', { units: 2 }, 'out (GRU) has reset_after=True, for which TF.js has no layer'],
    ['Add', {}, 'the layer out takes its own output', 'out'],
  ])('%s %o: %s', (className, settings, message, from?: string) => {
    expect(build({ class_name: className, config: { name: 'out', ...settings } }, from)).toThrow(message);
  });
});

describe('configurations of models', () => {
  const layer = (className: string, name: string, from?: string, config = {}) => ({
    class_name: className,
    name,
    config: { name, ...config },
    inbound_nodes: from === undefined ? [] : [[[from, 0, 0, {}]]],
  });
  const model = (...layers: object[]) =>
    JSON.stringify({
      class_name: 'Functional',
      config: { name: 'm', layers, input_layers: [['in', 0, 0]], output_layers: [['out', 0, 0]] },
    });

  it.each([
    ['{', 'its configuration is no JSON'],
    [
      '{"class_name": "MyModel", "config": {}}',
      'is of the class MyModel; only functional and sequential models',
    ],
    ['{"class_name": "Functional", "config": {"layers": []}}', 'lists no layers'],
    [model(layer('InputLayer', 'in')), 'takes the output of a layer out, which it does not have'],
    [
      model(layer('InputLayer', 'in'), layer('ReLU', 'out', 'in'), layer('ReLU', 'out', 'in')),
      'two layers named out',
    ],
  ])('%s: %s', (json, message) => {
    expect(() => parseModelConfig(json, 'model.keras')).toThrow(message);
  });
});
