// @vitest-environment happy-dom
import { flushPromises } from '@vue/test-utils';
import { afterEach, describe, expect, it } from 'vitest';
import { defineComponent, h } from 'vue';
import RunPage from '../../../../renderer/pages/runs/RunPage.vue';
import { useJobsStore } from '../../../../renderer/stores/jobs';
import { useRunsStore } from '../../../../renderer/stores/runs';
import { exampleRuns } from '../../../support/fixture/runs';
import type { FixtureOptions } from '../../../support/fixture-studio';
import { button, closePages, mountPage, text, until } from '../support';

afterEach(closePages);

const idOf = (name: string) => exampleRuns().find((run) => run.run.name === name)!.id;

async function openRun(id: string, fixture: FixtureOptions = {}) {
  const page = defineComponent({ setup: () => () => h(RunPage, { id }) });
  const mounted = await mountPage(page, {
    fixture,
    before: () => {
      useJobsStore().watch();
      useRunsStore().watch();
    },
  });
  return mounted;
}

describe('the page of a run', () => {
  it('tells a failure with its reason and what to do', async () => {
    await openRun(idOf('small-cnn · too fast'));
    await until(() => text().includes('This run failed at step'));
    expect(text()).toContain('The loss became NaN at step 67 (epoch 2).');
    expect(text()).toContain('Train again with a smaller learning rate');
  });

  it('resumes an interrupted run', async () => {
    const { studio } = await openRun(idOf('mails'));
    await until(() => text().includes('This run was interrupted'));
    button('Resume')!.click();
    await until(() => studio.calls.some((call) => call.name === 'jobs.resume'));
  });

  it('leads from a finished run to its export, and to training again with its settings', async () => {
    const { router } = await openRun(idOf('digits'));
    await until(() => button('Export'));
    button('Train again with…')!.click();
    await until(() => router.currentRoute.value.query.from === idOf('digits'));
  });

  it('pauses, and changes the learning rate, of a running job', async () => {
    const page = defineComponent({
      setup() {
        const runs = useRunsStore();
        return () => {
          const live = runs.runs.find((run) => run.status === 'running' || run.status === 'paused');
          return live ? h(RunPage, { id: live.id }) : null;
        };
      },
    });
    const { studio } = await mountPage(page, {
      fixture: { running: true, stepsPerSecond: 5 },
      before: () => {
        useJobsStore().watch();
        useRunsStore().watch();
      },
    });
    await until(() => button('Pause'));
    const edit = await until(() => document.querySelector<HTMLElement>('button.edit'));
    edit.click();
    await flushPromises();
    const field = document.querySelector<HTMLInputElement>('input[inputmode="decimal"]')!;
    field.value = '-1';
    field.dispatchEvent(new Event('input'));
    field.form!.dispatchEvent(new Event('submit'));
    await until(() => text().includes('A learning rate is a number above 0'));
    field.value = '0.0005';
    field.dispatchEvent(new Event('input'));
    field.form!.dispatchEvent(new Event('submit'));
    await until(() =>
      studio.calls.some(
        (call) =>
          call.name === 'jobs.setLearningRate' &&
          (call.params as { learningRate: number }).learningRate === 0.0005,
      ),
    );
    button('Pause')!.click();
    await until(() => studio.calls.some((call) => call.name === 'jobs.pause'));
    await until(() => text().includes('Paused at step'));
  });

  it('says that a run is not in the library', async () => {
    await openRun('nothing-of-the-kind');
    await until(() => text().includes('This run is not in the library'));
    expect(button('All runs')).toBeDefined();
  });
});
