import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datasetOptions } from '../../../src/contract/dataset';
import type { JobEvent } from '../../../src/contract/frames';
import { type Hyperparameters, hyperparameters } from '../../../src/contract/hyperparameters';
import { loadBackend } from '../../../src/engine/native/backend';
import type { NamedTensor } from '../../../src/training/named-tensor';
import { type PreparedTraining, prepareTraining } from '../../../src/training/prepare-training';
import type { TrainingProgram } from '../../../src/training/program';
import { takeSteps } from './support/programs';
import { train } from './support/train';

let directory: string;
let bars: string;

/** Four classes of grey pictures: bars upright, lying, both, and in a corner, at places and on grounds that differ. */
async function writeBars(folder: string): Promise<void> {
  const side = 28;
  for (const label of [0, 1, 2, 3]) {
    await mkdir(join(folder, String(label)), { recursive: true });
    for (let number = 0; number < 45; number++) {
      const at = 6 + (number % 16);
      const pixels = Buffer.alloc(side * side, 30 + number);
      for (let y = 0; y < side; y++)
        for (let x = 0; x < side; x++) {
          const [upright, lying] = [x >> 2 === at >> 2, y >> 2 === at >> 2];
          if ([upright, lying, upright || lying, x + y < at][label]) pixels[y * side + x] = 255 - number;
        }
      await sharp(pixels, { raw: { width: side, height: side, channels: 1 } })
        .png()
        .toFile(join(folder, String(label), `${String(number).padStart(2, '0')}.png`));
    }
  }
}

beforeAll(async () => {
  await loadBackend('node');
  directory = await mkdtemp(join(tmpdir(), 'descent-features-'));
  bars = join(directory, 'bars');
  await writeBars(bars);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const frozen: Partial<Hyperparameters> = {
  model: 'small-cnn',
  width: 0.25,
  hiddenUnits: 16,
  dropout: 0.4,
  batchSize: 16,
  epochs: 4,
  layerLearningRates: 'conv2d*=0',
};
const options = datasetOptions.parse({ testFraction: 0.1 });
const augmented: Partial<Hyperparameters> = { flipLeftRight: true, rotation: 15, brightness: 0.2 };

interface Opened extends PreparedTraining {
  events: JobEvent[];
}

async function open(settings: Partial<Hyperparameters>, cache = 'cache', dataset = bars): Promise<Opened> {
  const events: JobEvent[] = [];
  const job = {
    runDirectory: join(directory, 'run'),
    configuration: {
      dataset: { path: dataset, options },
      hyperparameters: hyperparameters.parse({ ...frozen, ...settings }),
    },
    resume: false,
    cacheDirectory: join(directory, cache),
  };
  const prepared = await prepareTraining(job, (event) => events.push(event), new AbortController().signal);
  return { ...prepared, events };
}

/** Losses of the next steps, and how many parts of features were computed on the way. */
async function steps(program: TrainingProgram, count: number) {
  const losses: number[] = [];
  let prepared = 0;
  while (losses.length < count) {
    const report = await program.next();
    if (report.type === 'step') losses.push(report.metrics.loss!);
    else if (report.type === 'preparing') prepared++;
  }
  return { losses, prepared };
}

function expectClose(found: ArrayLike<number>, wanted: ArrayLike<number>, bars = 5): void {
  expect(found.length).toBe(wanted.length);
  for (let place = 0; place < found.length; place++)
    expect(found[place], `number ${place}`).toBeCloseTo(wanted[place]!, bars);
}

function largestDifference(found: NamedTensor[], wanted: NamedTensor[]): number {
  expect(found.map(({ name, shape }) => [name, shape])).toEqual(
    wanted.map(({ name, shape }) => [name, shape]),
  );
  return Math.max(
    ...found.flatMap(({ values }, index) => {
      const other = wanted[index]!.values;
      return Array.from(values, (value, place) => Math.abs(value - other[place]!));
    }),
  );
}

const featureFiles = async (cache: string) =>
  (await readdir(join(directory, cache, 'features'))).map((name) => join(directory, cache, 'features', name));

describe('training on cached features', () => {
  it('is chosen for frozen layers in front, said, and gives the results of training the whole model', async () => {
    const features = await open({});
    const whole = await open({ compile: 'graph' });
    try {
      expect(features.program.kind).toBe('features');
      expect(features.description).toMatchObject({ kind: 'features', compile: 'graph' });
      expect(features.description.reason).toContain('up to "flatten" are frozen');
      expect(whole.program.kind).toBe('graph');
      const found = await steps(features.program, 25);
      const wanted = await steps(whole.program, 25);
      expect(found.prepared).toBeGreaterThan(0);
      expectClose(found.losses, wanted.losses);
      expect(features.program.position).toEqual(whole.program.position);
      for (const program of [features.program, whole.program])
        await takeSteps(program, 1, { recordGradients: true });
      const gradients = await Promise.all([features, whole].map(({ program }) => program.readGradients()));
      expect(largestDifference(gradients[0]!, gradients[1]!)).toBeLessThan(1e-5);
      const weights = await Promise.all([features, whole].map(({ program }) => program.readWeights()));
      expect(largestDifference(weights[0]!, weights[1]!)).toBeLessThan(1e-5);
      for (const split of ['validation', 'test'] as const) {
        const [one, other] = [await features.program.evaluate(split), await whole.program.evaluate(split)];
        expect(one!.count).toBe(other!.count);
        expect(one!.metrics.loss).toBeCloseTo(other!.metrics.loss!, 5);
        expect(one!.outcomes.file(3)).toBe(other!.outcomes.file(3));
        expect([...one!.outcomes.predicted]).toEqual([...other!.outcomes.predicted]);
      }
      const picture = Float32Array.from({ length: 28 * 28 }, (_, place) => place % 256);
      const [answer, reference] = [
        await features.program.predict(picture, 1),
        await whole.program.predict(picture, 1),
      ];
      expect(answer.length).toBe(4);
      expectClose(answer, reference);
      expect(features.program.layers).toEqual(whole.program.layers);
      expect(features.program.parameters).toBe(whole.program.parameters);
      const files = [await features.program.modelFiles(), await whole.program.modelFiles()] as const;
      expect(files[0].weights.length).toBe(files[1].weights.length);
      expect(features.program.stages.map(({ stage }) => stage)).toContain('cache');
    } finally {
      await features.program.dispose();
      await whole.program.dispose();
    }
  });

  it('sees the same augmented variants as the other programs, in turn', async () => {
    const settings = { ...augmented, featureVariants: 2 };
    const all = [
      await open(settings, 'variants'),
      await open({ ...settings, compile: 'graph' }),
      await open({ ...settings, compile: 'eager' }),
    ];
    try {
      expect(all.map(({ program }) => program.kind)).toEqual(['features', 'graph', 'plain']);
      const results = [];
      for (const { program } of all) results.push(await steps(program, 32));
      const [features, graph, eager] = results;
      expectClose(features!.losses, graph!.losses, 4);
      expectClose(features!.losses, eager!.losses, 4);
      expect(await featureFiles('variants')).toHaveLength(2);
    } finally {
      for (const { program } of all) await program.dispose();
    }
  });

  it.each(['memory', 'disk'] as const)(
    'begins a second time at once, with the same bytes, from features kept in: %s',
    async (cache) => {
      const first = await open({ cache }, `twice-${cache}`);
      const computed = await steps(first.program, 20);
      await first.program.evaluate('validation');
      await first.program.dispose();
      const second = await open({ cache }, `twice-${cache}`);
      const recalled = await steps(second.program, 20);
      expect(computed.prepared).toBeGreaterThan(0);
      expect(recalled.prepared).toBe(0);
      expect(recalled.losses).toEqual(computed.losses);
      expect(second.description.reason).toContain(cache === 'memory' ? 'in memory' : 'on the disk');
      await second.program.dispose();
      expect(await featureFiles(`twice-${cache}`)).toHaveLength(2);
    },
  );

  it('computes anew, and says so, what is damaged on the disk', async () => {
    const first = await open({}, 'damaged');
    const { losses } = await steps(first.program, 8);
    await first.program.dispose();
    const [path] = await featureFiles('damaged');
    const whole = await readFile(path!);
    const flipped = Buffer.from(whole);
    flipped[1000]! ^= 1;
    for (const damaged of [flipped, whole.subarray(0, whole.length - 100), Buffer.from('nothing')]) {
      await writeFile(path!, damaged);
      const again = await open({}, 'damaged');
      const { losses: found, prepared } = await steps(again.program, 8);
      await again.program.dispose();
      expect(prepared).toBeGreaterThan(0);
      expect(found).toEqual(losses);
      expect(again.events).toContainEqual(
        expect.objectContaining({ type: 'notice', message: expect.stringContaining("can't be used") }),
      );
      expect((await readFile(path!)).equals(whole)).toBe(true);
    }
  });

  it('keeps features apart that come from other seeds, sizes or data', async () => {
    const run = async (settings: Partial<Hyperparameters>, dataset = bars) => {
      const { program } = await open(settings, 'apart', dataset);
      const { prepared } = await steps(program, 1);
      await program.dispose();
      return prepared > 0;
    };
    expect(await run({})).toBe(true);
    expect(await run({ learningRate: 0.1, batchSize: 8, dropout: 0.1, epochs: 2 })).toBe(false);
    expect(await run({ seed: 1 })).toBe(true);
    expect(await run({ imageSize: 20 })).toBe(true);
    expect(await run(augmented)).toBe(true);
    const other = join(directory, 'other');
    await cp(bars, other, { recursive: true });
    expect(await run({}, other)).toBe(false);
    const [one, another] = (await readdir(join(other, '3'))).sort();
    await cp(join(other, '3', one!), join(other, '3', another!));
    expect(await run({}, other)).toBe(true);
  });

  it.each(['memory', 'disk'] as const)(
    'names and leaves out files that turned bad, kept in: %s',
    async (cache) => {
      const broken = join(directory, `broken-${cache}`);
      await cp(bars, broken, { recursive: true });
      const opened = await open({ cache }, `bad-${cache}`, broken);
      const whole = await open({ compile: 'graph' }, `bad-whole-${cache}`, broken);
      const files = (await readdir(join(broken, '3'))).sort();
      for (const file of files.slice(0, 5)) await writeFile(join(broken, '3', file), 'no picture');
      const found = await steps(opened.program, 22);
      const wanted = await steps(whole.program, 22);
      expectClose(found.losses, wanted.losses);
      const names = (program: TrainingProgram) => program.takeSkipped().map(({ file }) => file);
      const named = names(opened.program);
      expect(named.length).toBeGreaterThan(0);
      expect(named).toEqual(names(whole.program));
      await opened.program.dispose();
      await whole.program.dispose();
    },
  );

  it('goes on in the bytes of a run without a break, features computed anew, with dropout and variants', async () => {
    const settings = { ...augmented, featureVariants: 3, epochs: 6 };
    const whole = await open(settings, 'resume');
    const { losses } = await steps(whole.program, 40);
    const end = await whole.program.save();
    await whole.program.dispose();
    const before = await open(settings, 'resume-before');
    const begun = await steps(before.program, 21);
    const state = await before.program.save();
    await before.program.dispose();
    // Another number, as if less memory had been free: the run's own counts.
    const after = await open({ ...settings, featureVariants: 2 }, 'resume-after');
    await after.program.restore(state);
    const rest = await steps(after.program, 19);
    expect([...begun.losses, ...rest.losses]).toEqual(losses);
    expect(largestDifference((await after.program.save()).tensors, end.tensors)).toBe(0);
    await after.program.dispose();
  });

  it('computes anew when a checkpoint brings other frozen weights', async () => {
    const whole = await open({ compile: 'graph' });
    const state = await whole.program.save();
    for (const { name, values } of state.tensors)
      if (name.startsWith('weights/conv2d'))
        for (let place = 0; place < values.length; place++) values[place]! *= 1.5;
    await whole.program.restore(state);
    const wanted = await steps(whole.program, 10);
    const features = await open({});
    await steps(features.program, 3);
    await features.program.restore(state);
    const found = await steps(features.program, 10);
    expect(found.prepared).toBeGreaterThan(0);
    expectClose(found.losses, wanted.losses);
    await whole.program.dispose();
    await features.program.dispose();
  });

  it('is not chosen when the settings ask for another program or keep nothing, or nothing in front is frozen', async () => {
    const kinds = [];
    for (const settings of [
      { compile: 'graph' },
      { compile: 'eager' },
      { cache: 'none' },
      { layerLearningRates: '' },
      { layerLearningRates: 'conv2d_1=0' },
    ] as const) {
      const { program, events } = await open(settings);
      kinds.push(program.kind);
      const told = events.some(
        (event) => event.type === 'notice' && /computed in every step/.test(event.message),
      );
      expect(told).toBe('cache' in settings);
      await program.dispose();
    }
    expect(kinds).toEqual(['graph', 'plain', 'graph', 'graph', 'graph']);
  });

  it('leaves nothing half done behind when it is disposed of while it computes', async () => {
    const { program } = await open({}, 'half');
    expect((await program.next()).type).toBe('preparing');
    await program.dispose();
    expect(await featureFiles('half')).toEqual([]);
  });
});

describe('training on cached features of texts', () => {
  it('gives the results of training the whole model', async () => {
    const texts = join(directory, 'texts');
    const words = 'one two three four five six seven eight nine ten'.split(' ');
    for (const [label, first] of [
      ['low', 0],
      ['high', 5],
    ] as const) {
      await mkdir(join(texts, label), { recursive: true });
      for (let number = 0; number < 30; number++) {
        const chosen = Array.from(
          { length: 8 },
          (_, place) => words[first + ((number * 3 + place * place) % 5)],
        );
        await writeFile(join(texts, label, `${number}.txt`), `${chosen.join(' ')} number${number}`);
      }
    }
    const settings = { model: 'text-bag', layerLearningRates: 'embedding*=0', sequenceLength: 48 } as const;
    const features = await open(settings, 'cache', texts);
    const whole = await open({ ...settings, compile: 'graph' }, 'cache', texts);
    expect([features.program.kind, whole.program.kind]).toEqual(['features', 'graph']);
    const found = await steps(features.program, 12);
    expect(found.prepared).toBeGreaterThan(0);
    expectClose(found.losses, (await steps(whole.program, 12)).losses);
    await features.program.dispose();
    await whole.program.dispose();
  });
});

describe('a job on cached features', () => {
  const settings = { ...frozen, epochs: 2 };
  const job = (name: string) => ({
    dataset: bars,
    runDirectory: join(directory, name),
    cacheDirectory: join(directory, `${name}-cache`),
    hyperparameters: settings,
    options: { testFraction: 0.1 },
  });

  it('tells how far it is while it computes, trains, and writes the whole model', async () => {
    const recording = await train(job('job'));
    expect(recording.end).toBe('done');
    const stages = new Set(recording.all('preparing').map(({ stage }) => stage));
    expect([...stages]).toEqual(
      expect.arrayContaining([
        'computing features',
        'computing features of validation examples',
        'computing features of test examples',
      ]),
    );
    expect(recording.all('started')[0]!.program).toMatchObject({ kind: 'features' });
    expect(recording.summary.test_accuracy).toBeGreaterThan(0.5);
    const model = JSON.parse(await readFile(join(directory, 'job', 'model', 'model.json'), 'utf8'));
    expect(JSON.stringify(model.modelTopology)).toContain('conv2d_1');
    expect((await stat(join(directory, 'job', 'model', 'weights.bin'))).size).toBeGreaterThan(1000);
  });

  it('can be paused and stopped while it computes', async () => {
    const recording = await train({
      ...job('stopped'),
      onEvent: (event, controls) => {
        if (event.type === 'preparing' && /^computing/.test(event.stage)) void controls.pause();
        else if (event.type === 'paused') setImmediate(() => controls.continue());
        else if (event.type === 'resumed') controls.stop();
      },
    });
    expect(recording.end).toBe('stopped');
    expect(recording.all('paused')).toHaveLength(1);
    expect(recording.all('stopped')[0]!.step).toBe(0);
  });
});
