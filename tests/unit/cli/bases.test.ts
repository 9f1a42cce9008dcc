import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommandLine, startCommandLine } from '../../support/command-line';
import { pythonJudge, runPython } from '../../support/python-judge';
import { pythonPackage } from '../../support/python-package';

/** Of `foolbox`: a dog, a folding chair, a thatched roof and a yurt. */
const photoNumbers = [0, 1, 5, 8];
const cropsOfEach = 10;
const side = 96;

let home: string;
let photos: string;
const judge = await pythonJudge();

/** A class for each of some photos of ImageNet: cuts from it at random places and sizes. */
async function makeCrops(): Promise<void> {
  const folder = join(await pythonPackage('foolbox==3.3.4'), 'foolbox', 'data');
  const files = (await readdir(folder)).filter((name) => name.startsWith('imagenet_')).sort();
  for (const number of photoNumbers) {
    const name = files[number]!.replace('.jpg', '');
    mkdirSync(join(photos, name), { recursive: true });
    for (let crop = 0; crop < cropsOfEach; crop++) {
      const size = 300 + ((crop * 37) % 150);
      const [left, top] = [(crop * 53) % (512 - size), (crop * 29) % (512 - size)];
      await sharp(join(folder, files[number]!))
        .extract({ left, top, width: size, height: size })
        .resize(side, side)
        .jpeg({ quality: 92 })
        .toFile(join(photos, name, `${crop}.jpg`));
    }
  }
}

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'descent bases '));
  photos = join(home, 'photos');
  await makeCrops();
}, 300_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

function descent(...words: string[]) {
  return runCommandLine([...words, '--library', join(home, 'runs')], home);
}

const of = (lines: Record<string, unknown>[], type: string) => lines.filter((line) => line.type === type);

describe('descent train on photos', () => {
  it('proposes the embedded base, trains its head on kept features, predicts and exports', async () => {
    const flags = ['--set', `imageSize=${side}`, '--epochs', '4', '--name', 'crops', '--json'];
    const trained = await descent('train', photos, ...flags);
    expect(trained.words).toContain(' of 3,4');
    expect(trained.status).toBe(0);
    expect(of(trained.lines, 'program')[0]).toMatchObject({ kind: 'features' });
    const { summary, path } = trained.lines.at(-1) as { summary: Record<string, number>; path: string };
    expect(summary.val_accuracy).toBeGreaterThanOrEqual(0.85);
    const run = JSON.parse(readFileSync(join(path, 'run.json'), 'utf8'));
    expect(run.configuration.hyperparameters.model).toBe('efficientnet-lite0');
    const layers: { name: string; trainable: boolean; parameters: number }[] = run.model.layers;
    expect(
      layers.filter(({ trainable, parameters }) => trainable && parameters > 0).map(({ name }) => name),
    ).toEqual(['dense']);

    const label = (await readdir(photos))[0]!;
    const predicted = await descent('predict', 'crops', join(photos, label, '3.jpg'), '--json');
    expect(predicted.lines).toMatchObject([{ label }]);

    const exported = await descent(
      'export',
      'crops',
      '--format',
      'tfjs',
      '--out',
      join(home, 'web'),
      '--json',
    );
    expect(exported.lines).toMatchObject([{ format: 'tfjs', parity: { passed: true } }]);
    expect(await readdir(join(home, 'web'))).toEqual(
      expect.arrayContaining(['index.html', 'model.json', 'weights.bin', 'page.js']),
    );
  }, 240_000);

  it('says which file of Keras is missing and where to put it', async () => {
    const { status, words } = await descent('train', photos, '--model', 'resnet50');
    expect(status).toBe(1);
    expect(words).toContain(join(home, '.keras', 'models'));
    expect(words).toContain('resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5');
  });
});

describe.skipIf(typeof judge === 'string')('descent train --model mobilenet-v2', () => {
  const file = () =>
    join(home, '.keras', 'models', 'mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_96_no_top.h5');

  it('takes the weights that Keras keeps, and goes on without them after Ctrl-C', async () => {
    if (typeof judge === 'string') return;
    mkdirSync(join(home, '.keras', 'models'), { recursive: true });
    const program = `
import sys, numpy as np, tensorflow as tf
tf.keras.utils.set_random_seed(3)
model = tf.keras.applications.MobileNetV2(input_shape=(96, 96, 3), alpha=0.35, include_top=False, weights=None)
random = np.random.default_rng(3)
for layer in model.layers:
    if isinstance(layer, tf.keras.layers.BatchNormalization):
        layer.set_weights([random.uniform(0.5, 1.5, weight.shape) for weight in layer.get_weights()])
model.save_weights(sys.argv[1])
`;
    await runPython(judge, program, [file()]);
    const library = ['--library', join(home, 'runs')];
    const settings = ['--model', 'mobilenet-v2', '--set', 'alpha=0.35', '--set', `imageSize=${side}`];
    const command = ['train', photos, ...settings, '--epochs', '60', '--json', ...library];
    const whole = await runCommandLine(command, home);
    expect(whole.status).toBe(0);

    const going = await startCommandLine(command, home);
    const { run } = await going.line('run');
    await going.line('epoch');
    going.child.kill('SIGINT');
    expect((await going.end).status).toBe(130);
    rmSync(file());
    const resumed = await descent('resume', run as string, '--json');
    expect(resumed.status).toBe(0);
    const [one, other] = [whole, resumed].map(({ lines }) => lines.at(-1)!.summary as { val_loss: number });
    // Another than the ln 4 of features that tell nothing apart.
    expect(Math.abs(one!.val_loss - Math.log(4))).toBeGreaterThan(1e-3);
    expect(other).toEqual(one);
  }, 240_000);
});
