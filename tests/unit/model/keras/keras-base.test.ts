import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { hyperparameters as schema } from '../../../../src/contract/hyperparameters';
import { loadBackend } from '../../../../src/engine/native/backend';
import type { BaseContext } from '../../../../src/model/bases/base';
import { baseLayers } from '../../../../src/model/bases/base-layers';
import { loadBase } from '../../../../src/model/bases/load-base';
import { buildModel } from '../../../../src/model/build-model';
import { runCommandLine, startCommandLine } from '../../../support/command-line';
import { type KerasFiles, makeKerasFiles, type Numbers } from '../../../support/keras-files';

const files = await makeKerasFiles(2);

let own: string;
beforeAll(async () => {
  await loadBackend('node');
  own = await mkdtemp(join(tmpdir(), 'descent keras base ü '));
});
afterAll(() => rm(own, { recursive: true, force: true }));

describe.skipIf(typeof files === 'string')('a base that Keras 2.15 wrote', () => {
  const { directory, expected } = files as KerasFiles;

  async function modelOn(changes: object, side?: number, context: Partial<BaseContext> = {}) {
    const hyperparameters = schema.parse({ model: 'keras', dropout: 0, ...changes });
    const notices: string[] = [];
    const base = await loadBase('images', hyperparameters, {
      weights: 'pretrained',
      cacheDirectory: own,
      onProgress: () => undefined,
      onNotice: (message) => notices.push(message),
      signal: new AbortController().signal,
      ...context,
    });
    const { height = side!, width = side! } = base!.pictures ?? {};
    const model = buildModel({
      name: 'pets',
      task: 'classification',
      input: { kind: 'images', height, width, channels: 3 },
      labels: ['cat', 'dog'],
      hyperparameters,
      base,
    });
    return { model, notices };
  }

  function expectFeatures(
    model: tf.LayersModel,
    layer: string,
    { input, output }: Record<'input' | 'output', Numbers>,
  ) {
    tf.tidy(() => {
      const features = tf.model({
        inputs: model.inputs,
        outputs: model.getLayer(layer).output as tf.SymbolicTensor,
      });
      const found = features.predict(tf.tensor(input.values, input.shape)) as tf.Tensor;
      expect(found.shape).toEqual(output.shape);
      const wanted = tf.tensor(output.values, output.shape);
      const scale = Math.max(1, wanted.abs().max().dataSync()[0]!);
      expect(found.sub(wanted).abs().max().dataSync()[0]! / scale).toBeLessThan(1e-5);
    });
  }

  it('gives Keras’ features under a new head, without its classifier, and says so', async () => {
    const file = join(directory, 'picture.keras');
    const { model, notices } = await modelOn({ base: file });
    expect(model.inputs[0]!.shape).toEqual([null, 33, 30, 3]);
    expectFeatures(model, 'global_average_pooling2d', expected['picture features']!);
    expect(baseLayers(model).map(({ name }) => name)).toContain('inner_conv');
    expect(
      model.layers.filter((layer) => layer.trainable && layer.weights.length > 0).map(({ name }) => name),
    ).toEqual(['dense']);
    expect(notices).toEqual([
      `The base is ${file} up to its layer global_average_pooling2d; left out: dropout, predictions. The setting baseOutput names another layer.`,
      'Its pixels are 0 to 255, as they are, because its layer rescaling scales them; the setting basePixels says otherwise.',
    ]);
  });

  it('ends at the layer that is asked for', async () => {
    const { model } = await modelOn({ base: join(directory, 'picture.h5'), baseOutput: 'Conv1_relu' });
    expect(model.layers.map(({ name }) => name)).toEqual([
      ...[
        'input_1',
        'rescaling',
        'Conv1',
        'bn_Conv1',
        'Conv1_relu',
        'global_average_pooling2d',
        'dense',
        'softmax',
      ],
    ]);
    await expect(modelOn({ base: join(directory, 'picture.h5'), baseOutput: 'Conv9' })).rejects.toThrow(
      'the model has no layer Conv9 for baseOutput',
    );
  });

  it('is MobileNetV2 with the weights that stand in Keras’ folder, taking plain pixels', async () => {
    vi.stubEnv('KERAS_HOME', join(directory, 'home'));
    const { model } = await modelOn({ model: 'mobilenet-v2', alpha: '0.35' }, 96);
    expectFeatures(model, 'out_relu', expected['known mobilenet']!);
    vi.stubEnv('KERAS_HOME', own);
    const resnet = join(own, 'models/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5');
    await mkdir(join(own, 'models'));
    await writeFile(resnet, '\x89HDF\r\n\x1a\n something else', 'latin1');
    await expect(modelOn({ model: 'resnet50' }, 64)).rejects.toThrow(
      /resnet50.*notop\.h5: its checksum is wrong: MD5 \w{32} instead of 4d473c1dd8becc155b73f8504c6f6626/,
    );
    vi.unstubAllEnvs();
  });

  it.each([
    ['', 'is read from a file, and none is named'],
    ['picture.legacy.h5', 'it holds weights only, and no model'],
    ['words.h5', 'its model takes [?], not one picture'],
    ['nowhere.h5', 'There is no file'],
  ])('refuses "%s": %s', async (name, message) => {
    await expect(modelOn({ base: name && join(directory, name) })).rejects.toThrow(message);
  });

  it('is trained on, stopped, resumed, fine-tuned, predicted with and exported by the command line, the file gone meanwhile', async () => {
    const home = join(own, 'a person');
    for (const [label, background] of [
      ['night', '#102040'],
      ['noon', '#f0e0a0'],
    ] as const) {
      await mkdir(join(home, 'skies', label), { recursive: true });
      for (let number = 0; number < 12; number++) {
        const noise = { type: 'gaussian', mean: 128, sigma: 20 + number } as const;
        const cloud = await sharp({ create: { width: 20, height: 12, channels: 3, background, noise } })
          .png()
          .toBuffer();
        await sharp({ create: { width: 40, height: 36, channels: 3, background } })
          .composite([{ input: cloud, left: number, top: 2 * number }])
          .png()
          .toFile(join(home, 'skies', label, `${number}.png`));
      }
    }
    const file = join(home, 'picture.keras');
    await copyFile(join(directory, 'picture.keras'), file);
    const descent = (...words: string[]) => runCommandLine([...words, '--library', join(home, 'runs')], home);
    const first = await startCommandLine(
      [
        ...['train', 'skies', '--model', 'keras:picture.keras', '--epochs', '300', '--learning-rate', '0.1'],
        ...['--set', 'fineTuneEpochs=1', '--set', 'fineTuneLayers=6'],
        ...['--name', 'sky', '--json', '--library', join(home, 'runs')],
      ],
      home,
    );
    await first.line('epoch');
    first.child.kill('SIGINT');
    const stopped = await first.end;
    expect(stopped.status, stopped.words).toBe(130);
    expect(stopped.words).toContain('left out: dropout, predictions');
    await rm(file);
    const resumed = await descent('resume', 'sky', '--json');
    expect(resumed.status, resumed.words).toBe(0);
    const done = resumed.lines.at(-1) as { path: string; summary: Record<string, number> };
    expect(done.summary.val_accuracy).toBe(1);
    expect(resumed.lines.filter(({ type }) => type === 'phase').map(({ name }) => name)).toContain(
      'fine-tuning',
    );
    const predicted = await descent('predict', 'sky', join(home, 'skies/noon/3.png'), '--json');
    expect(predicted.lines[0], predicted.words).toMatchObject({ label: 'noon' });
    const exported = await descent('export', 'sky', '--format', 'tfjs', '--out', join(home, 'web'), '--json');
    expect(exported.status, exported.words).toBe(0);
  }, 120_000);
});
