// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest';
import { defineComponent, h } from 'vue';
import ProfilePanel from '../../../../renderer/pages/runs/ProfilePanel.vue';
import type { RunDetail } from '../../../../renderer/stores/runs';
import type { Host } from '../../../../renderer/studio';
import type { Hyperparameters } from '../../../../src/contract/hyperparameters';
import type { RunStatus } from '../../../../src/contract/run';
import { exampleRuns } from '../../../support/fixture/runs';
import { button, closePages, mountPage, text, until } from '../support';

afterEach(closePages);

function detailOf(name: string, changes: Partial<Hyperparameters> = {}): RunDetail {
  const { run } = exampleRuns().find((candidate) => candidate.run.name === name)!;
  Object.assign(run.configuration.hyperparameters, changes);
  return { ...run, path: `/library/${run.id}`, checkpointBytes: 0 };
}

function openPanel(run: RunDetail, status: RunStatus = 'done', host?: Partial<Host>) {
  return mountPage(defineComponent({ setup: () => () => h(ProfilePanel, { run, status }) }), { host });
}

describe('the profile of a run', () => {
  it('gives the verdict with what to change, and the operations by self time', async () => {
    await openPanel(detailOf('digits'));
    await until(() => text().includes('Compute-bound.'));
    expect(text()).toMatch(/86 ?% of the time goes into forward, backward and update/);
    expect(text()).toContain('steps 20 to 27');
    expect(text()).toContain('eager');
    expect(text()).toMatch(/72 ?% of the computing is within operations/);
    const rows = [...document.querySelectorAll('tbody tr')].map((row) =>
      [...row.querySelectorAll('td')].map((cell) => cell.textContent),
    );
    expect(rows.map(([name]) => name)).toEqual(expect.arrayContaining(['Conv2D', 'MatMul', 'ReluGrad']));
    expect(rows.find(([name]) => name === 'Conv2D')![1]).toBe('16');
    expect(document.querySelector('canvas')!.getAttribute('aria-label')).toBe(
      'Timeline of the profiled steps',
    );
  });

  it('shows the layers of compiled steps by their times', async () => {
    await openPanel(detailOf('mobilenet-like'));
    await until(() => text().includes('Input-bound.'));
    expect(text()).toContain('backward 1.8');
    const table = document.querySelector('table')!;
    expect(table.getAttribute('aria-label')).toBe('Layers by time');
    const rows = [...table.querySelectorAll('tbody tr')].map((row) =>
      [...row.querySelectorAll('th, td')].map((cell) => cell.textContent!.trim()),
    );
    expect(rows.map(([name]) => name).slice(0, 3)).toEqual(['conv2d_1', 'conv2d', 'dense']);
    expect(rows[0]!.slice(2)).toEqual(['1.36 ms', '0.396 ms', '0.936 ms', '0.03 ms', '17 %']);
    const [first, second] = [...table.querySelectorAll('.bar')].map((bar) =>
      [...bar.querySelectorAll('span')].map((part) => Number.parseFloat(part.style.width)),
    );
    expect(first!.reduce((sum, width) => sum + width, 0)).toBeCloseTo(100, 3);
    expect(second!.reduce((sum, width) => sum + width, 0)).toBeLessThan(100);
    expect(text()).not.toContain('This step is one call');
  });

  it('shows the trace in its folder where there is one to show', async () => {
    const shown: string[] = [];
    const showInFolder = async (path: string) => {
      shown.push(path);
      return true;
    };
    await openPanel(detailOf('digits'), 'done', { kind: 'electron', showInFolder });
    (await until(() => button('Show in folder'))).click();
    await until(() => shown.length > 0);
    expect(shown[0]).toMatch(/profile\/20-27\.trace\.json$/);
    expect(text()).toContain(shown[0]);
  });

  it('in a browser offers the path alone', async () => {
    await openPanel(detailOf('digits'));
    await until(() => button('Copy path'));
    expect(button('Show in folder')).toBeUndefined();
  });

  it('without one says how to record it', async () => {
    const { router } = await openPanel(detailOf('iris'));
    await until(() => /descent train \S*iris\S* --profile 100,120/.test(text()));
    button('Train again with…')!.click();
    await until(() => router.currentRoute.value.query.from !== undefined);
  });

  it.each([
    ['running', 'The profile of steps 500 to 520 appears here'],
    ['done', 'The run ended before steps 500 to 520'],
  ] as const)('that is wanted but not there yet: %s', async (status, words) => {
    await openPanel(detailOf('iris', { profileFirstStep: 500, profileSteps: 21 }), status);
    await until(() => text().includes(words));
  });

  it('says why it can’t be read, and asks again', async () => {
    const run = { ...detailOf('iris'), id: 'gone' };
    const { studio } = await openPanel(run);
    await until(() => button('Try again'));
    const asked = () => studio.calls.filter(({ name }) => name === 'runs.profiles').length;
    const before = asked();
    button('Try again')!.click();
    await until(() => asked() > before);
  });
});
