import { cp, mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import { Graph } from '../../../src/graph/graph';
import { readSavedModel } from '../../../src/graph/import/read-saved-model';
import { GraphSession } from '../../../src/graph/session/session';
import { LoadedSavedModel } from '../../../src/model/bases/saved-model/loaded-saved-model';
import { findPictureFunction } from '../../../src/model/bases/saved-model/picture-function';
import { hubModels, hubSide, readFloats } from '../../support/hub-models';
import { pythonJudge } from '../../support/python-judge';

const judge = await pythonJudge();
const size = hubSide;
let directory: string;
/** Where Python's SavedModels are. */
let models: string;
let pixels: Float32Array;
beforeAll(async () => {
  await loadBackend('node');
  directory = await mkdtemp(join(tmpdir(), 'descent hub ü '));
  if (typeof judge === 'string') return;
  models = await hubModels(judge);
  pixels = await floats('pixels.bin');
}, 300_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

const floats = (name: string) => readFloats(join(models, name));

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((largest, value, index) => Math.max(largest, Math.abs(value - b[index]!)), 0);
}

/** Features of pictures [count, size, size, 3] by operations of a graph of ours. */
async function computed(loaded: LoadedSavedModel, values: Float32Array, side: number): Promise<Float32Array> {
  const graph = new Graph();
  const pictures = graph.placeholder('float32', [null, side, side, 3], 'pictures');
  const features = graph.scope('base', () => loaded.emit(graph, pictures));
  const session = await GraphSession.load(graph);
  const result = session.fetch(features, [[pictures, values]]).floats();
  session.dispose();
  return result;
}

describe.skipIf(typeof judge === 'string')('SavedModels made by Python', () => {
  it('are called as Hub calls them: __call__ without training, with the values of their variables', async () => {
    const saved = await readSavedModel(join(models, 'hub'));
    expect(saved.functions.map(({ name, arguments: given }) => [name, given.length])).toEqual([
      ['__call__', 3],
      ['__call__', 3],
    ]);
    const loaded = await LoadedSavedModel.open(join(models, 'hub'));
    expect(loaded.pictures).toMatchObject({
      dtype: 'float32',
      height: size,
      width: size,
      channels: 3,
      outputShape: [1280],
      inputs: ['pictures', 0.99],
    });
    const found = await computed(
      loaded,
      pixels.map((value) => Math.fround(value / 255)),
      size,
    );
    const wanted = await floats('hub.bin');
    expect(wanted.length).toBe(3 * 1280);
    expect(Math.max(...wanted)).toBeGreaterThan(0.05);
    expect(largestDifference(found, wanted)).toBeLessThan(1e-5);
  });

  it('are called by a signature, on bytes, at any size', async () => {
    const loaded = await LoadedSavedModel.open(join(models, 'maps'));
    expect(loaded.pictures).toMatchObject({ dtype: 'uint8', height: null, width: null });
    expect(loaded.pictures.target.name).toBe('serving_default');
    expect(await loaded.outputShape(size, size)).toEqual([5, 5, 5]);
    const found = await computed(loaded, pixels, size);
    expect(largestDifference(found, await floats('maps.bin'))).toBeLessThan(1e-5);
  });

  it.each(['keras', 'exported'])('are read as Keras saves and exports them (%s)', async (name) => {
    const loaded = await LoadedSavedModel.open(join(models, name));
    expect(await loaded.outputShape(8, 8)).toEqual([144]);
    const tiles = tf.tidy(() =>
      tf
        .div(tf.slice(tf.tensor(pixels, [3, size, size, 3]), [0, 0, 0, 0], [3, 8, 8, 3]), 255)
        .dataSync<'float32'>(),
    );
    expect(largestDifference(await computed(loaded, tiles, 8), await floats('keras.bin'))).toBeLessThan(1e-5);
  });

  it('are refused when no function takes one batch of pictures, telling why', async () => {
    const saved = await readSavedModel(join(models, 'two'));
    expect(() => findPictureFunction(saved)).toThrow(/__call__: it has 2 inputs \(a float32 \[\?, 8, 8, 3\]/);
  });

  it('are refused when they are damaged, cut off, of another format, or not there', async () => {
    const copy = join(directory, 'copy');
    await cp(join(models, 'hub'), copy, { recursive: true });
    await truncate(join(copy, 'saved_model.pb'), 100_000);
    await expect(readSavedModel(copy)).rejects.toThrow(/saved_model.pb is cut off or damaged/);
    await writeFile(join(copy, 'saved_model.pb'), '<html>Sign in</html>');
    await expect(readSavedModel(copy)).rejects.toThrow(/saved_model.pb is cut off or damaged/);
    await writeFile(join(copy, 'tfhub_module.pb'), '');
    await expect(readSavedModel(copy)).rejects.toThrow(/TensorFlow 1's Hub format/);
    const empty = join(directory, 'empty');
    await mkdir(empty);
    await expect(readSavedModel(empty)).rejects.toThrow(/There is no saved_model.pb in/);
    const without = join(directory, 'without');
    await cp(join(models, 'hub'), without, { recursive: true });
    await rm(join(without, 'variables', 'variables.data-00000-of-00001'));
    await expect(LoadedSavedModel.open(without)).rejects.toThrow(/The variables .* can't be read/);
  });
});
