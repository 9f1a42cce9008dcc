import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import { Graph } from '../../../src/graph/graph';
import { GraphSession } from '../../../src/graph/session/session';
import { FeatureCache } from '../../../src/training/features/feature-cache';
import { computationBatch } from '../../../src/training/features/feature-computation';
import {
  DamagedFeatures,
  FeatureFileWriter,
  openFeatureFile,
} from '../../../src/training/features/feature-file';
import { type FeatureDemand, planFeatures } from '../../../src/training/features/feature-plan';
import { LayersPrefix } from '../../../src/training/features/layers-prefix';
import { findCut } from '../../../src/training/features/model-cut';

let directory: string;
beforeAll(async () => {
  await loadBackend('node');
  directory = await mkdtemp(join(tmpdir(), 'descent-feature-parts-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

type Symbolic = tf.SymbolicTensor;
const apply = (tensor: Symbolic | Symbolic[], layer: tf.layers.Layer) => layer.apply(tensor) as Symbolic;
const conv = (name: string, trainable = false, filters = 4) =>
  tf.layers.conv2d({ filters, kernelSize: 3, padding: 'same', name, trainable });
const pooled = (tensor: Symbolic) =>
  apply(
    apply(tensor, tf.layers.globalAveragePooling2d({ name: 'pool' })),
    tf.layers.dense({ units: 3, name: 'head' }),
  );
const start = () => tf.input({ shape: [8, 8, 2], name: 'input' });
const cutOf = (input: Symbolic, output: Symbolic) => findCut(tf.model({ inputs: input, outputs: output }));

describe('the cut of a model', () => {
  it('is the deepest tensor before which nothing is trained', () => {
    const input = start();
    const cut = cutOf(input, pooled(apply(apply(input, conv('one')), conv('two'))))!;
    expect(cut.tensor.sourceLayer.name).toBe('pool');
    expect(cut.layers.map(({ name }) => name)).toEqual(['one', 'two', 'pool']);
    // 8 × 8 places, 3 × 3 windows; and the head's.
    const before = 64 * 9 * (2 * 4 + 4 * 4);
    expect(cut.multiplications).toEqual({ before, all: before + 4 * 3 });
  });

  it('lies where branches have met, or before they part', () => {
    const branches = (trainable: boolean) => {
      const input = start();
      const one = apply(input, conv('one'));
      const [left, right] = [apply(one, conv('left')), apply(one, conv('right', trainable))];
      return cutOf(input, pooled(apply([left, right], tf.layers.add({ name: 'sum' }))))!.tensor.sourceLayer
        .name;
    };
    expect(branches(false)).toBe('pool');
    expect(branches(true)).toBe('one');
  });

  it('lies before what is random or changes by itself, even when its weights are frozen', () => {
    const with_ = (layer: tf.layers.Layer) => {
      const input = start();
      return cutOf(input, pooled(apply(apply(apply(input, conv('one')), layer), conv('two'))))!.tensor
        .sourceLayer.name;
    };
    const normalization = (trainable: boolean) =>
      tf.layers.batchNormalization({ name: 'norm', trainable, center: false, scale: false });
    expect(with_(tf.layers.dropout({ rate: 0.5, name: 'drop', trainable: false }))).toBe('one');
    expect(with_(tf.layers.dropout({ rate: 0, name: 'drop' }))).toBe('pool');
    expect(with_(normalization(true))).toBe('one');
    expect(with_(normalization(false))).toBe('pool');
  });

  it('is missing where the first layer is trained, or a shortcut passes all frozen ones', () => {
    const first = start();
    expect(cutOf(first, pooled(apply(apply(first, conv('one', true)), conv('two'))))).toBeUndefined();
    const input = start();
    const long = apply(apply(input, conv('one')), conv('two', false, 2));
    const met = apply([long, apply(input, conv('around', true, 2))], tf.layers.add({ name: 'sum' }));
    expect(cutOf(input, pooled(met))).toBeUndefined();
  });

  it('lies where no mask of steps would be lost', () => {
    const cutBehind = (...layers: tf.layers.Layer[]) => {
      const input = tf.input({ shape: [6], dtype: 'int32', name: 'input' });
      const output = layers.reduce<Symbolic>((tensor, layer) => apply(tensor, layer), input);
      const head = tf.layers.dense({ units: 2, name: 'head' });
      return cutOf(input, apply(output, head))?.tensor.sourceLayer.name;
    };
    const words = (maskZero: boolean) =>
      tf.layers.embedding({ inputDim: 9, outputDim: 4, maskZero, trainable: false, name: 'words' });
    const reads = (trainable: boolean) => tf.layers.lstm({ units: 3, trainable, name: 'reads' });
    expect(cutBehind(words(true), reads(true))).toBeUndefined();
    expect(cutBehind(words(false), reads(true))).toBe('words');
    expect(cutBehind(words(true), reads(false))).toBe('reads');
    const drops = tf.layers.lstm({ units: 3, dropout: 0.3, trainable: false, name: 'drops' });
    const both = tf.layers.bidirectional({
      layer: drops,
      mergeMode: 'concat',
      trainable: false,
      name: 'both',
    });
    expect(cutBehind(words(false), both as tf.layers.Layer)).toBe('words');
  });

  it('is not behind the outputs: something has to be left to train', () => {
    const input = start();
    const cut = cutOf(input, apply(apply(input, conv('one')), conv('two')))!;
    expect(cut.tensor.sourceLayer.name).toBe('one');
  });
});

/** Convolutions of all kinds with normalizations, whose moving averages are no longer what they were at the beginning. */
function network(): { model: tf.LayersModel; input: Symbolic } {
  const input = start();
  const normal = (tensor: Symbolic, name: string) =>
    apply(
      apply(tensor, tf.layers.batchNormalization({ name })),
      tf.layers.reLU({ maxValue: 6, name: `${name}_relu` }),
    );
  const seed = (number: number) => tf.initializers.glorotUniform({ seed: number });
  let x = normal(
    apply(
      input,
      tf.layers.conv2d({
        filters: 6,
        kernelSize: 3,
        strides: 2,
        padding: 'same',
        kernelInitializer: seed(1),
        name: 'a',
      }),
    ),
    'a_bn',
  );
  x = normal(
    apply(
      x,
      tf.layers.depthwiseConv2d({
        kernelSize: 3,
        depthMultiplier: 2,
        padding: 'same',
        useBias: false,
        depthwiseInitializer: seed(2),
        name: 'b',
      }),
    ),
    'b_bn',
  );
  x = normal(
    apply(
      x,
      tf.layers.conv2d({ filters: 5, kernelSize: 1, useBias: false, kernelInitializer: seed(3), name: 'c' }),
    ),
    'c_bn',
  );
  const model = tf.model({ inputs: input, outputs: pooled(x) });
  model.layers.forEach((layer, number) => {
    layer.trainable = layer.name === 'head';
    if (!layer.name.endsWith('_bn')) return;
    const values = layer
      .getWeights()
      .map((weight, index) => tf.randomUniform(weight.shape, 0.3, 1.5, 'float32', number * 10 + index));
    layer.setWeights(values);
    tf.dispose(values);
  });
  return { model, input };
}

describe('the layers before a cut', () => {
  it('give in a graph what they give eagerly, normalizations folded into convolutions', async () => {
    const { model, input } = network();
    const cut = findCut(model)!;
    const prefix = new LayersPrefix(model, input, cut);
    expect(prefix.shape).toEqual([5]);
    const graph = new Graph();
    const x = graph.placeholder('float32', [null, 8, 8, 2], 'x');
    const features = prefix.emitFeatures(graph, x);
    const session = await GraphSession.load(graph);
    prefix.open(session);
    const values = tf.randomUniform([3, 8, 8, 2], -1, 1, 'float32', 5);
    const found = session.fetch(features, [[x, values]]);
    const eager = tf.model({ inputs: input, outputs: cut.tensor }).predict(values) as tf.Tensor;
    const wanted = eager.dataSync<'float32'>();
    expect(found.shape).toEqual([3, 5]);
    found.floats().forEach((value, place) => {
      expect(Math.abs(value - wanted[place]!)).toBeLessThan(1e-5);
    });
    session.dispose();
  });

  it('have a hash that follows weights and architecture, and nothing else', () => {
    const hashOf = (change: (model: tf.LayersModel) => void = () => {}) => {
      const { model, input } = network();
      change(model);
      return new LayersPrefix(model, input, findCut(model)!).hash();
    };
    const usual = hashOf();
    expect(hashOf()).toBe(usual);
    expect(hashOf((model) => model.getLayer('head').setWeights([tf.ones([5, 3]), tf.ones([3])]))).toBe(usual);
    expect(hashOf((model) => model.getLayer('c').setWeights([tf.ones([1, 1, 12, 5])]))).not.toBe(usual);
    const input = start();
    const model = tf.model({ inputs: input, outputs: pooled(apply(input, conv('a'))) });
    expect(new LayersPrefix(model, input, findCut(model)!).hash()).not.toBe(usual);
  });

  it('take over other weights, and notice whether they are', () => {
    const { model, input } = network();
    const prefix = new LayersPrefix(model, input, findCut(model)!);
    const before = prefix.hash();
    const kernel = model.getLayer('c').getWeights()[0]!.dataSync<'float32'>();
    expect(
      prefix.adopt(
        new Map([
          ['c/kernel', kernel.slice()],
          ['head/kernel', new Float32Array(15)],
        ]),
      ),
    ).toBe(false);
    expect(prefix.adopt(new Map([['c/kernel', kernel.map((value) => value * 2)]]))).toBe(true);
    expect(prefix.hash()).not.toBe(before);
  });
});

describe('the plan for features', () => {
  const demand: FeatureDemand = {
    train: 1000,
    heldOut: 100,
    bytesPerExample: 1000,
    augments: false,
    epochs: 30,
    wantedVariants: 0,
    cache: 'auto',
  };
  const plenty = { memory: 1e12, disk: 1e12 };
  const plan = (change: Partial<FeatureDemand>, free = plenty) =>
    planFeatures({ ...demand, ...change }, free);

  it('keeps one set in memory without augmentation, and about the root of the epochs with it', () => {
    expect(plan({})).toEqual({ storage: 'memory', variants: 1, bytes: 1_100_000 });
    expect(plan({ augments: true })).toMatchObject({ variants: 6, bytes: 6_100_000 });
    expect(plan({ augments: true, epochs: 3 })).toMatchObject({ variants: 2 });
    expect(plan({ augments: true, epochs: 1 })).toMatchObject({ variants: 1 });
    expect(plan({ augments: true, wantedVariants: 9 })).toMatchObject({ variants: 9 });
    expect(plan({ augments: true, epochs: 5, wantedVariants: 9 })).toMatchObject({ variants: 5 });
  });

  it('takes fewer variants, then the disk, then nothing, as room grows scarce', () => {
    const free = (memory: number, disk: number) => ({ memory, disk });
    expect(plan({ augments: true }, free(4 * 3_200_000, 1e12))).toMatchObject({
      storage: 'memory',
      variants: 3,
    });
    expect(plan({ augments: true }, free(4 * 2_000_000, 1e12))).toMatchObject({
      storage: 'disk',
      variants: 6,
    });
    expect(plan({}, free(4 * 1_000_000, 2 * 1_200_000))).toMatchObject({ storage: 'disk' });
    expect(plan({}, free(4 * 1_000_000, 2 * 1_000_000))).toBeUndefined();
    expect(plan({ augments: true, wantedVariants: 6 }, free(4 * 3_200_000, 0))).toBeUndefined();
  });

  it('obeys the cache setting', () => {
    expect(plan({ cache: 'none' })).toBeUndefined();
    expect(plan({ cache: 'disk' })).toMatchObject({ storage: 'disk' });
    expect(plan({ cache: 'memory' }, { memory: 0, disk: 1e12 })).toMatchObject({ storage: 'memory' });
  });

  it('computes as many examples at once as fit, whatever the batch size of the run', () => {
    expect(computationBatch([96, 96, 3])).toBe(64);
    expect(computationBatch([448, 448, 3])).toBe(16);
    expect(computationBatch([4000, 4000, 3])).toBe(1);
    expect(computationBatch([300])).toBe(64);
  });
});

describe('a file of features', () => {
  const rowsOf = (indices: number[]) =>
    Float32Array.from(indices.flatMap((index) => [index, index / 2, -index]));

  it('gives back rows by their numbers, and what is missing', async () => {
    const path = join(directory, 'rows', 'a.features');
    const writer = await FeatureFileWriter.create(path, 9, [3]);
    await writer.append([0, 1, 4], rowsOf([0, 1, 4]));
    await writer.append([5, 7], rowsOf([5, 7]));
    await expect(stat(path)).rejects.toThrow('ENOENT');
    await writer.finish([
      [2, 'bad'],
      [3, 'bad'],
      [6, 'worse'],
      [8, 'bad'],
    ]);
    await writer.handle.close();
    const seen: number[] = [];
    const { handle, footer } = await openFeatureFile(path, 9, [3], (first, rows) => {
      expect(first).toBe(0);
      seen.push(...rows);
    });
    await handle.close();
    expect(seen).toEqual([
      ...rowsOf([0, 1]),
      ...new Array(6).fill(0),
      ...rowsOf([4, 5]),
      0,
      0,
      0,
      ...rowsOf([7]),
      0,
      0,
      0,
    ]);
    expect(footer.missing[2]).toEqual([6, 'worse']);
    await expect(openFeatureFile(path, 9, [4])).rejects.toThrow(DamagedFeatures);
    await expect(openFeatureFile(path, 8, [3])).rejects.toThrow('it holds 9 × [3], not 8 × [3]');
    expect(await readdir(join(directory, 'rows'))).toEqual(['a.features']);
  });

  it('goes when others need its room, the longest unused first, and partial files of dead writers go too', async () => {
    const parent = join(directory, 'bounded');
    const folder = join(parent, 'features');
    await mkdir(folder, { recursive: true });
    const days = [5, 1, 9, 3];
    for (const day of days) {
      const path = join(folder, `${day}.features`);
      await writeFile(path, Buffer.alloc(1000));
      await utimes(path, day * 86_400, day * 86_400);
    }
    await writeFile(join(folder, '.x.features.999999999.0123456789ab.partial'), 'torn');
    const cache = new FeatureCache(parent, 2500);
    expect(await cache.hasRoomFor(2500)).toBe(true);
    expect(await cache.hasRoomFor(2501)).toBe(false);
    await cache.clean();
    expect((await readdir(folder)).sort()).toEqual(['5.features', '9.features']);
    // What this process works with stays as long as it does.
    const writer = await cache.create('new', 1, [400]);
    await writer.append([0], new Float32Array(400));
    await writer.finish([]);
    await writer.handle.close();
    await utimes(join(folder, 'new.features'), 0, 0);
    await cache.clean();
    expect((await readdir(folder)).sort()).toEqual(['new.features']);
  });
});
