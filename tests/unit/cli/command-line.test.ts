import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommandLine, startCommandLine } from '../../support/command-line';

let home: string;
let iris: string;
let library: string;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'descent command line ü '));
  iris = join(home, 'iris');
  library = join(home, 'runs');
  expect((await runCommandLine(['sample', 'iris', 'iris'], home)).status).toBe(0);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

function descent(...words: string[]) {
  return runCommandLine([...words, '--library', library], home);
}

describe('descent data', () => {
  it('prints one JSON object with classes and findings and nothing else', async () => {
    const { status, lines } = await descent('data', iris, '--json');
    expect(status).toBe(0);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      kind: 'table',
      classes: [{ name: 'setosa', count: 50 }, { name: 'versicolor' }, { name: 'virginica' }],
    });
    for (const finding of lines[0]!.findings as object[]) {
      expect(Object.keys(finding)).toEqual(expect.arrayContaining(['kind', 'severity', 'message', 'files']));
    }
  });

  it('takes another target, and tells people on standard error alone', async () => {
    const { status, lines, words } = await descent('data', iris, '--set', 'data.validationFraction=0.5');
    expect(status).toBe(0);
    expect(lines).toEqual([]);
    expect(words).toContain('versicolor');
  });
});

describe('descent train', () => {
  it('streams a JSON line an event, the last one with the summary; runs, predict and export use the run', async () => {
    const trained = await descent(
      'train',
      iris,
      '--epochs',
      '20',
      '--learning-rate',
      '0.02',
      '--name',
      'a b',
      '--json',
    );
    expect(trained.status).toBe(0);
    const types = trained.lines.map(({ type }) => type);
    expect(types[0]).toBe('run');
    expect(types.filter((type) => type === 'epoch')).toHaveLength(20);
    expect(types).toContain('evaluation');
    const program = { kind: 'graph', compile: 'graph', reason: 'all 5 layers are compiled' };
    expect(trained.lines).toContainEqual({ type: 'program', ...program });
    expect(trained.words).toContain('Steps: one TensorFlow graph, all 5 layers are compiled');
    const last = trained.lines.at(-1)!;
    expect(last).toMatchObject({
      type: 'done',
      summary: { val_accuracy: expect.any(Number), val_loss: expect.any(Number) },
    });
    expect(JSON.parse(readFileSync(join(last.path as string, 'run.json'), 'utf8'))).toMatchObject({
      program,
    });
    const epoch = trained.lines.find(({ type }) => type === 'epoch')!;
    expect(epoch).toMatchObject({
      epoch: 1,
      loss: expect.any(Number),
      accuracy: expect.any(Number),
      val_loss: expect.any(Number),
      val_accuracy: expect.any(Number),
    });

    const runs = await descent('runs', '--json');
    expect(runs.lines).toEqual([expect.objectContaining({ id: last.run, name: 'a b', status: 'done' })]);
    expect((await descent('runs')).words).toContain(last.run);

    const csv = readdirSync(iris).find((name) => name.endsWith('.csv'))!;
    const predicted = await descent('predict', 'a b', join('iris', csv), '--json');
    expect(predicted.status).toBe(0);
    expect(predicted.lines).toHaveLength(150);
    for (const line of predicted.lines) {
      const probabilities = Object.values(line.probabilities as Record<string, number>);
      expect(probabilities.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 4);
      expect(Object.keys(line.probabilities as object)).toContain(line.label);
    }

    const exported = await descent(
      'export',
      last.run as string,
      '--format',
      'tfjs',
      '--out',
      'carried away',
      '--json',
    );
    expect(exported.lines).toEqual([
      expect.objectContaining({
        format: 'tfjs',
        path: join(home, 'carried away'),
        parity: expect.any(Object),
      }),
    ]);
    expect(existsSync(join(home, 'carried away', 'model.json'))).toBe(true);
    expect(exported.status).toBe(0);
  }, 180_000);

  it('profiles a window of steps and tells where its trace is', async () => {
    const words = ['train', iris, '--epochs', '2', '--batch-size', '8', '--profile', '5,9', '--json'];
    const { status, lines, words: said } = await descent(...words);
    expect(status).toBe(0);
    const [told] = lines.filter(({ type }) => type === 'profile');
    expect(told!.summary).toMatchObject({ firstStep: 5, lastStep: 9, steps: 5 });
    expect(JSON.parse(readFileSync(told!.path as string, 'utf8')).traceEvents.length).toBeGreaterThan(25);
    expect(said).toContain(told!.path);
    expect(said).toMatch(/(Input|Compute|Host)-bound: \d+ %/);
  }, 180_000);

  it('writes a checkpoint on Ctrl-C, exits with 130, says how to go on, and resume goes on', async () => {
    const words = ['train', iris, '--library', library, '--epochs', '30', '--json'];
    const command = await startCommandLine(words, home);
    const { run } = await command.line('run');
    await command.line('epoch');
    command.child.kill('SIGINT');
    const interrupted = await command.end;
    expect(interrupted.status).toBe(130);
    expect(interrupted.lines.at(-1)).toMatchObject({ type: 'interrupted', run });
    expect(interrupted.words).toContain(`descent resume ${run}`);
    const resumed = await descent('resume', run as string, '--json');
    expect(resumed.status).toBe(0);
    expect(resumed.lines.at(-1)).toMatchObject({ type: 'done', run });
    const epochs = resumed.lines.filter(({ type }) => type === 'epoch').map(({ epoch }) => epoch as number);
    expect(epochs[0]).toBeGreaterThan(1);
    expect(epochs.at(-1)).toBe(30);
  }, 180_000);

  it('exits with 1 and a sentence when the data can not be trained on', async () => {
    const { status, words } = await descent('train', library);
    expect(status).toBe(1);
    expect(words).toContain(library);
  });
});

describe('wrong use', () => {
  it.each([
    [['trian']],
    [['train']],
    [['train', 'nowhere']],
    [['train', 'iris', '--epochs', '0']],
    [['train', 'iris', '--model', 'small-cnn']],
    [['train', 'iris', '--shuffle']],
    [['train', 'iris', '--target', 'colour']],
    [['data', 'iris', '--set', 'data.column.colour=ignored']],
    [['predict', 'no such run', 'a.png']],
    [['resume', 'no such run']],
    [['export', 'a b', '--format', 'floppy']],
    [['sample', 'cats']],
  ])('%j exits with 2 and one sentence, without output', async (words) => {
    const end = await descent(...words);
    expect(end.status).toBe(2);
    expect(end.lines).toEqual([]);
    expect(end.words).toMatch(/^(descent|error): .+/m);
    expect(end.words).not.toMatch(/^\s+at /m);
  });

  it('exits with 2 when a setting names a layer that the model has not, and names those that it has', async () => {
    const { status, lines, words } = await descent(
      'train',
      iris,
      '--model',
      'mlp',
      '--set',
      'layerLearningRates=convolution=0',
      '--json',
    );
    expect(status).toBe(2);
    expect(lines.at(-1)).toMatchObject({ type: 'failed' });
    expect(words).toContain('layerLearningRates names "convolution", which matches no layer.');
    expect(words).toContain('Layers that are trained: dense, dense_1, dense_2.');
  });

  it.runIf(process.platform === 'linux')('says that a library can’t be made where it is to be', async () => {
    const { status, words } = await runCommandLine(['runs', '--library', '/proc/descent'], home);
    expect(status).toBe(1);
    expect(words).toContain('The library /proc/descent can');
    expect(words).toContain('Choose another folder with --library');
  });

  it('names the candidates when a name means several runs', async () => {
    for (let count = 0; count < 2; count++) {
      expect((await descent('train', iris, '--epochs', '1', '--name', 'twins')).status).toBe(0);
    }
    writeFileSync(join(home, 'x.csv'), 'a\n1\n');
    const { status, words } = await descent('predict', 'twins', 'x.csv');
    expect(status).toBe(2);
    expect(words).toMatch(/"twins" can mean 2 runs/);
  });
});

describe('descent doctor', () => {
  it('tells engine, versions and what is missing', async () => {
    const { status, lines } = await descent('doctor', '--json');
    expect(status).toBe(0);
    expect(lines[0]).toMatchObject({
      node: process.versions.node,
      engine: { engine: expect.stringMatching(/^(node|wasm)$/), threads: expect.any(Number) },
      library,
    });
    const parts = (lines[0]!.findings as { part: string }[]).map(({ part }) => part);
    expect(parts).toEqual(
      expect.arrayContaining(['node', 'engine', 'electron', 'disk', 'memory', 'library']),
    );
  });
});
