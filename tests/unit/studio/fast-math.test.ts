import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datasetOptions } from '../../../src/contract/dataset';
import type { ProbedSteps } from '../../../src/contract/engine';
import type { Hyperparameters } from '../../../src/contract/hyperparameters';
import { EnginePool } from '../../../src/studio/node/engines/engine-pool';
import { chooseFastMath, type FastMathQuestion } from '../../../src/studio/node/fast-math/choose';
import { judgeFastMath } from '../../../src/studio/node/fast-math/judge';
import { bfloat16Of, readBfloat16 } from '../../../src/studio/node/fast-math/processor';
import { silentLogger } from '../../../src/studio/node/logger';
import { buildEngine } from '../../support/build-engine';
import {
  enginesOf,
  hasEnded,
  hasSteps,
  jobState,
  openWorkshop,
  settings,
  type Workshop,
} from './studio-fixture';

let workshop: Workshop;
let pool: EnginePool;
beforeAll(async () => {
  workshop = await openWorkshop();
  pool = new EnginePool({ entry: await buildEngine(), warm: false, logger: silentLogger });
});
afterAll(async () => {
  await pool?.close();
  await workshop?.close();
});

function question(
  changes: Partial<Hyperparameters>,
  others: Partial<FastMathQuestion> = {},
): FastMathQuestion {
  return {
    configuration: {
      dataset: { path: workshop.iris, options: datasetOptions.parse({}) },
      hyperparameters: settings(changes),
    },
    runDirectory: workshop.directory,
    cacheDirectory: join(workshop.directory, 'cache'),
    engines: pool,
    signal: new AbortController().signal,
    onProgress: () => {},
    ...others,
  };
}

describe('fast math', () => {
  it('is known from the flags of the processor', () => {
    const flags = (words: string) => `processor\t: 0\nflags\t\t: fpu sse ${words} avx2\nbogomips\t: 1\n`;
    expect(bfloat16Of(flags('avx512_bf16 amx_bf16'))).toBe('amx');
    expect(bfloat16Of(flags('avx512_bf16'))).toBe('avx512');
    expect(bfloat16Of(flags('avx512f amx_int8'))).toBe('none');
    expect(bfloat16Of('Features : fp asimd bf16')).toBe('none');
  });

  const steps = (shift: (step: number) => number): ProbedSteps => ({
    losses: Array.from({ length: 30 }, (_, step) => 2 - step / 30 + shift(step)),
    stepMilliseconds: 10,
  });
  const strict = steps(() => 0);
  const otherSeed = steps((step) => (step % 2 === 0 ? 0.1 : -0.1));

  it('is judged by what another seed changes', () => {
    const slightly = judgeFastMath({ ...steps(() => 0.02), stepMilliseconds: 8 }, strict, otherSeed);
    expect(slightly).toEqual({
      on: true,
      reason:
        'Fast math is on: over 30 steps it changes the losses by 0.02, and another seed changes them by 0.1 (root mean square); a step took 80 % of the time.',
    });
    const much = judgeFastMath(
      steps((step) => step / 300),
      strict,
      otherSeed,
    );
    expect(much).toMatchObject({ on: false, reason: expect.stringContaining('by 0.056, and another seed') });
  });

  it('stays off where it changes nothing, and where the loss becomes no number', () => {
    expect(
      judgeFastMath(
        steps(() => 0),
        strict,
        otherSeed,
      ),
    ).toMatchObject({
      on: false,
      reason: expect.stringContaining('to the last bit'),
    });
    const broken = { losses: [2, Number.NaN], stepMilliseconds: 1 };
    expect(judgeFastMath(broken, strict, otherSeed)).toMatchObject({
      on: false,
      reason: expect.stringContaining('no number after 2 steps'),
    });
    expect(judgeFastMath(strict, broken, otherSeed).on).toBe(false);
  });

  it('is no matter of runs that do not ask for it, nor of processors and engines without it', async () => {
    const nobody = { take: () => expect.fail('an engine was started'), describe: () => expect.fail('asked') };
    expect(await chooseFastMath(question({}, { engines: nobody as never }))).toEqual({ on: false });
    const without = { bfloat16: 'none', engines: nobody as never } as const;
    for (const fastMath of ['on', 'auto'] as const)
      expect(await chooseFastMath(question({ fastMath }, without))).toEqual({
        on: false,
        notice: { severity: 'notes', message: expect.stringContaining('this processor has no bfloat16') },
      });
    const wasm = { describe: async () => ({ engine: 'wasm' }) } as never;
    expect(
      await chooseFastMath(question({ fastMath: 'on' }, { bfloat16: 'amx', engines: wasm })),
    ).toMatchObject({
      on: false,
      notice: { message: expect.stringContaining('WebAssembly') },
    });
  });

  it('of a run that goes on is what it was before', async () => {
    const resumed = (value: boolean, bfloat16: 'amx' | 'none') =>
      chooseFastMath(question({ fastMath: 'auto' }, { before: value, bfloat16 }));
    expect(await resumed(false, 'amx')).toEqual({ on: false });
    expect(await resumed(true, 'amx')).toMatchObject({ on: true });
    expect(await resumed(true, 'none')).toMatchObject({
      on: false,
      notice: { severity: 'warns', message: expect.stringContaining('trained with fast math before') },
    });
  });

  it('is chosen by the first steps of the job, in engines that end with the check', async () => {
    const known = enginesOf(process.pid);
    const told: number[] = [];
    const choice = await chooseFastMath(
      question({ fastMath: 'auto' }, { bfloat16: 'avx512', onProgress: (done) => told.push(done) }),
    );
    expect(told).toEqual([0, 1, 2]);
    expect(choice.notice).toMatchObject({
      severity: 'notes',
      message: choice.on
        ? expect.stringMatching(/^Fast math is on: over 30 steps/)
        : expect.stringMatching(/^Fast math stays off: (the losses of 30 steps are the same|over 30 steps)/),
    });
    // The engine that described itself is kept for later questions.
    expect(enginesOf(process.pid).length).toBeLessThanOrEqual(known.length + 1);
  });

  it('is given up with the job, and stays off when its check fails', async () => {
    const abort = new AbortController();
    const given = question({ fastMath: 'auto' }, { bfloat16: 'amx', signal: abort.signal });
    const choosing = chooseFastMath({ ...given, onProgress: (done) => done === 1 && abort.abort() });
    await expect(choosing).rejects.toMatchObject({ name: 'AbortError' });
    const lost = question({ fastMath: 'auto' }, { bfloat16: 'amx' });
    lost.configuration.dataset.path = join(workshop.directory, 'nothing');
    expect(await chooseFastMath(lost)).toEqual({
      on: false,
      notice: { severity: 'warns', message: expect.stringMatching(/its check failed\. .*nothing/) },
    });
  });

  it('stands in the run, with a word on it', async () => {
    const { client } = await workshop.open();
    const { run } = await client.call('jobs.start', {
      path: workshop.iris,
      hyperparameters: settings({ fastMath: 'on', epochs: 100_000 }),
    });
    await jobState(client, run, hasSteps);
    await client.call('jobs.stop', { run });
    await jobState(client, run, hasEnded);
    const record = await client.call('runs.get', { run });
    const here = await readBfloat16();
    expect(record.environment!.fastMath).toBe(here !== 'none' && record.environment!.engine === 'node');
    const [events] = readdirSync(record.path).filter((name) => name.includes('tfevents'));
    expect(readFileSync(join(record.path, events!), 'latin1')).toMatch(/Fast math (is on|changes nothing)/);

    await client.call('jobs.resume', { run });
    await jobState(client, run, ({ progress }) => (progress?.step ?? 0) > record.progress.step);
    await client.call('jobs.stop', { run });
    await jobState(client, run, hasEnded);
    expect((await client.call('runs.get', { run })).environment!.fastMath).toBe(record.environment!.fastMath);
  });
});
