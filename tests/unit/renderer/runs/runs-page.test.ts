// @vitest-environment happy-dom
import { flushPromises } from '@vue/test-utils';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import RunsPage from '../../../../renderer/pages/runs/RunsPage.vue';
import { useRunsStore } from '../../../../renderer/stores/runs';
import type { FixtureOptions } from '../../../support/fixture-studio';
import { button, closePages, mountPage, text, until } from '../support';

// The table draws the rows in sight; without a layout engine nothing has a height.
beforeAll(() => {
  Object.defineProperty(HTMLElement.prototype, 'clientHeight', {
    configurable: true,
    get(this: HTMLElement) {
      return this.classList.contains('scroller') ? 600 : 0;
    },
  });
});
afterEach(closePages);

async function openRuns(fixture: FixtureOptions = {}) {
  const mounted = await mountPage(RunsPage, { fixture, before: () => useRunsStore().watch() });
  await until(() => text().includes('runs') || text().includes('No runs'));
  return mounted;
}
const names = () => [...document.querySelectorAll('tr.row td.name')].map((cell) => cell.textContent?.trim());
async function filter(words: string) {
  const field = document.querySelector<HTMLInputElement>('[data-filter]')!;
  field.value = words;
  field.dispatchEvent(new Event('input'));
  await flushPromises();
}
const row = (name: string) =>
  [...document.querySelectorAll<HTMLElement>('tr.row')].find((item) => item.textContent?.includes(name))!;

describe('the library page', () => {
  it('lists every run, the newest first', async () => {
    await openRuns();
    await until(() => names().length === 8);
    expect(names()[0]).toBe('mails');
    expect(text()).toContain('8 runs');
  });

  it('filters by an expression, says what it does not understand, and keeps the last whole filter meanwhile', async () => {
    await openRuns();
    await until(() => names().length === 8);
    await filter('learningRate = 0.003');
    await until(() => names().length === 1);
    expect(names()).toEqual(['mobilenet-like']);
    await filter('learningRate = ');
    expect(text()).toContain('Not understood');
    expect(names()).toEqual(['mobilenet-like']);
    await filter('no_such_thing > 3');
    expect(text()).toContain('“no_such_thing” is not a column');
  });

  it('asks for the curves of the runs that are ticked, and of no other', async () => {
    const { studio } = await openRuns();
    await until(() => names().length === 8);
    const dot = (name: string) => row(name).querySelector<HTMLElement>('[role="checkbox"]')!;
    expect(dot('mails').getAttribute('aria-checked')).toBe('true');
    expect(dot('small-cnn · first').getAttribute('aria-checked')).toBe('false');
    dot('mails').click();
    await flushPromises();
    expect(dot('mails').getAttribute('aria-checked')).toBe('false');
    dot('small-cnn · first').click();
    await until(() =>
      studio.calls.some(
        (call) =>
          call.name === 'series.list' && (call.params as { run: string }).run.includes('20261120T091200'),
      ),
    );
  });

  it('sorts by a column, missing values last either way', async () => {
    await openRuns({ running: true });
    await until(() => names().length === 10);
    const head = [...document.querySelectorAll('th button')].find((item) =>
      item.textContent?.includes('val_accuracy'),
    ) as HTMLElement;
    head.click();
    await flushPromises();
    expect(names().at(-1)).toBe('mlp · next');
    head.click();
    await flushPromises();
    expect(names().at(-1)).toBe('mlp · next');
  });

  it('opens a run by double click', async () => {
    const { router } = await openRuns();
    await until(() => names().length === 8);
    row('digits').dispatchEvent(new MouseEvent('dblclick', { bubbles: true }));
    await until(() => router.currentRoute.value.path.startsWith('/runs/2026'));
    expect(router.currentRoute.value.path).toContain('digits');
  });

  it('says what the library is for while it is empty', async () => {
    await openRuns({ firstStart: true });
    await until(() => text().includes('No runs yet'));
    expect(button('Open a folder and train')).toBeDefined();
  });

  it('says why the library could not be read, and tries again', async () => {
    const { studio } = await mountPage(RunsPage, { before: () => void useRunsStore() });
    studio.failNext('runs.list', { code: 'io', message: 'The folder of the library can not be read.' });
    await useRunsStore().refresh();
    await until(() => text().includes('can not be read'));
    button('Try again')!.click();
    await until(() => names().length === 8);
  });
});
