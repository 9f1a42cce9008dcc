// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest';
import { defineComponent, h } from 'vue';
import PipelinePanel from '../../../../renderer/pages/runs/PipelinePanel.vue';
import { pipelineView } from '../../../../renderer/pages/runs/pipeline-stages';
import type { Run, RunStatus } from '../../../../src/contract/run';
import { exampleRuns } from '../../../support/fixture/runs';
import { closePages, mountPage, text, until } from '../support';

afterEach(closePages);

type Pipeline = NonNullable<Run['pipeline']>;

const waiting = { epoch: 2, steps: 10, waitMillisecondsPerStep: 4, stepMilliseconds: 20 };
const pipeline: Pipeline = {
  stages: [
    { stage: 'from_tensor_slices', settings: { examples: 320 } },
    {
      stage: 'map',
      settings: { function: 'read, decode', converted_files: 0, num_parallel_calls: 'AUTOTUNE' },
      measured: { epoch: 1, elements: 320, unit: 'example', millisecondsPerElement: 9 },
    },
    {
      stage: 'cache',
      settings: { where: 'memory' },
      measured: { epoch: 2, elements: 10, unit: 'batch', millisecondsPerElement: 1 },
    },
    {
      stage: 'map',
      settings: { function: 'augment', flipLeftRight: true, rotation: 0 },
      measured: { epoch: 2, elements: 10, unit: 'batch', millisecondsPerElement: 3 },
    },
    { stage: 'batch', settings: { batch_size: 32, drop_remainder: false } },
  ],
  waiting,
};

describe('the stages of a pipeline', () => {
  it('share the work of the last epoch, and the one with the most of it is the slowest', () => {
    const view = pipelineView(pipeline);
    expect(view.epoch).toBe(2);
    expect(view.stages.map(({ share }) => share)).toEqual([undefined, undefined, 0.25, 0.75, undefined]);
    expect(view.stages.map(({ slowest }) => slowest)).toEqual([false, false, false, true, false]);
    expect(view.stages[1]).toMatchObject({ olderEpoch: 1, does: 'read, decode' });
    expect(view.waiting).toEqual({ milliseconds: 4, step: 20, share: 0.2 });
  });

  it('tell what they do and which settings do something', () => {
    const { stages } = pipelineView(pipeline);
    expect(stages[1]!.details).toEqual([['num_parallel_calls', 'AUTOTUNE']]);
    expect(stages[3]!.details).toEqual([['flipLeftRight', true]]);
    expect(stages[4]!.details).toEqual([['batch_size', 32]]);
  });

  it('without times have neither shares nor a slowest', () => {
    const view = pipelineView({ stages: [{ stage: 'batch', settings: {} }] });
    expect(view).toMatchObject({ epoch: undefined, waiting: undefined });
    expect(view.stages[0]).toMatchObject({ share: undefined, slowest: false });
  });
});

describe('the panel of a run’s pipeline', () => {
  function open(changes: Pipeline | undefined, status: RunStatus = 'done') {
    const { run } = exampleRuns().find((candidate) => candidate.run.name === 'digits')!;
    const detail = { ...run, pipeline: changes, path: `/library/${run.id}`, checkpointBytes: 0 };
    return mountPage(defineComponent({ setup: () => () => h(PipelinePanel, { run: detail, status }) }));
  }
  const stages = () => [...document.querySelectorAll('ol > li')].map((item) => item.textContent!.trim());

  it('shows them in order, up to the step, with times, and says that steps wait', async () => {
    await open(pipeline);
    await until(() => text().includes('Steps wait for data.'));
    expect(text()).toContain('A step waits 4 ms of its 20 ms (20 %) for its batch.');
    expect(text()).toContain('Most of the pipeline’s work is in map (augment).');
    const found = stages().map((stage) => stage.replaceAll('\u200b', ''));
    expect(found).toHaveLength(6);
    expect(found[0]).toMatch(/^from_tensor_slices.*320/);
    expect(found[1]).toMatch(/9 ms an example.*in epoch 1/);
    expect(found[3]).toMatch(/slowest.*3 ms a batch.*75 % of the work/);
    expect(found[5]).toMatch(/^step.*20 ms a step.*waits 4 ms/);
    expect(document.querySelector('ol')!.getAttribute('aria-label')).toContain('in the order');
  });

  it('says that data keeps up when the wait is short', async () => {
    await open({ ...pipeline, waiting: { ...waiting, waitMillisecondsPerStep: 0.1 } });
    await until(() => text().includes('Data keeps up.'));
    expect(text()).not.toContain('raise prefetch');
  });

  it.each([
    ['running', { stages: pipeline.stages.slice(0, 1) }, 'Times appear at the end of the first epoch.'],
    ['done', { stages: pipeline.stages.slice(0, 1) }, 'No times were measured in this run.'],
    ['queued', undefined, 'The stages appear here when the run starts.'],
    ['done', undefined, 'Runs of earlier versions of Descent don’t tell them.'],
  ] as const)('without times or stages says why (%s, %j)', async (status, told, words) => {
    await open(told as Pipeline | undefined, status);
    await until(() => text().includes(words));
  });
});
