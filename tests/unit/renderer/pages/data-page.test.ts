// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest';
import DataPage from '../../../../renderer/pages/data/DataPage.vue';
import { useDatasetStore } from '../../../../renderer/stores/dataset';
import { folders } from '../../../support/fixture/folders';
import { button, closePages, mountPage, text, until } from '../support';

// ECharts needs a canvas that this DOM has not; what it would draw is told by the label.
vi.mock('../../../../renderer/charts/BaseChart.vue', async () => {
  const { defineComponent, h } = await import('vue');
  return {
    default: defineComponent({
      props: ['label', 'option', 'structure'],
      setup: (props) => () => h('div', { role: 'img', 'aria-label': props.label }),
    }),
  };
});

afterEach(closePages);

async function openFolder(path: string) {
  let dataset: ReturnType<typeof useDatasetStore> | undefined;
  const mounted = await mountPage(DataPage, { before: () => (dataset = useDatasetStore()) });
  void dataset!.open(path);
  return { ...mounted, dataset: dataset! };
}

describe('the first start', () => {
  it('offers to open a folder or to try one of three samples', async () => {
    await mountPage(DataPage, { fixture: { firstStart: true } });
    await until(() => text().includes('Folders that you open will be listed here.'));
    expect(button('Open folder')).toBeDefined();
    expect(['Digits', 'Iris', 'Mails'].every((name) => text().includes(name))).toBe(true);
  });

  it('writes a sample and opens it', async () => {
    const { studio } = await mountPage(DataPage, { fixture: { firstStart: true } });
    [...document.querySelectorAll('button')].find((found) => found.textContent?.includes('Iris'))!.click();
    await until(() => text().includes('Writing the sample'));
    await until(() => text().includes('sepal length'));
    expect(studio.calls.find((call) => call.name === 'data.sample')?.params).toMatchObject({ name: 'iris' });
  });

  it('opens a sample that was written before', async () => {
    const { studio } = await mountPage(DataPage, { fixture: { firstStart: true } });
    studio.failNext('data.sample', {
      code: 'bad-input',
      message: 'The folder is not empty.',
      subject: folders.mails,
    });
    [...document.querySelectorAll('button')].find((found) => found.textContent?.includes('Mails'))!.click();
    await until(() => text().includes('500 texts · 2 classes'));
  });

  it('lists recent folders, cannot open one that is gone, and forgets one', async () => {
    await mountPage(DataPage);
    await until(() => text().includes('garden-birds'));
    const gone = [...document.querySelectorAll('button')].find((found) => found.title.endsWith('/gone'))!;
    expect(gone.disabled).toBe(true);
    button('Take “gone” off this list')!.click();
    await until(() => !text().includes('/gone'));
  });
});

describe('an open folder', () => {
  it('tells how far the scan is, and stops it', async () => {
    let dataset: ReturnType<typeof useDatasetStore> | undefined;
    await mountPage(DataPage, {
      fixture: { scanMilliseconds: 5000 },
      before: () => (dataset = useDatasetStore()),
    });
    void dataset!.open(folders.birds);
    await until(() => / of 2,148/.test(text()));
    button('Cancel')!.click();
    await until(() => text().includes('What do you want to train on?'));
  });

  it('names what is wrong with a folder that holds nothing, and what to do', async () => {
    await openFolder(folders.empty);
    await until(() => text().includes('“empty folder” could not be opened'));
    expect(text()).toContain('Put pictures or texts into one folder for each class');
    expect(button('Open another folder')).toBeDefined();
  });

  it('shows counts, findings and the proposal', async () => {
    await openFolder(folders.birds);
    await until(() => text().includes('2,148 pictures · 10 classes'));
    await until(() => text().includes('Small CNN'));
    expect(text()).toContain('14 pictures stand in two classes');
    expect(document.querySelector('[role=img][aria-label*="blackbird 231"]')).not.toBeNull();
  });

  it('leaves files out and takes that back', async () => {
    const { dataset } = await openFolder(folders.birds);
    await until(() => text().includes('14 pictures stand in two classes'));
    const finding = [...document.querySelectorAll('li')].find((item) =>
      item.textContent?.includes('14 pictures stand in two classes'),
    )!;
    [...finding.querySelectorAll('button')].find((found) => found.textContent?.trim() === 'Exclude')!.click();
    await until(() => text().includes('You excluded 14 files.'));
    expect(text()).not.toContain('14 pictures stand in two classes');
    expect(dataset.summary?.exampleCount).toBe(2134);
    button('Undo')!.click();
    await until(() => text().includes('14 pictures stand in two classes'));
    expect(dataset.summary?.exampleCount).toBe(2148);
    expect(dataset.canUndo).toBe(false);
  });

  it('keeps a finding as it is and asks again when told to', async () => {
    const { dataset } = await openFolder(folders.birds);
    const item = () =>
      [...document.querySelectorAll('li')].find((found) => found.textContent?.includes('dunnock has 61'));
    const press = (words: string) =>
      [...item()!.querySelectorAll('button')].find((found) => found.textContent?.trim() === words)!.click();
    await until(item);
    press('Keep');
    await until(() => item()?.textContent?.includes('kept as it is'));
    expect(dataset.summary?.options.kept).toEqual(['imbalance:dunnock']);
    press('Ask again');
    await until(() => !item()?.textContent?.includes('kept as it is'));
  });

  it('moves the target of a table to another column, with one target at most', async () => {
    const { dataset } = await openFolder(folders.houses);
    (await until(() => button('Chart'))).click();
    await until(() => text().includes('Values of “price”'));
    await dataset.change({ columns: { area: 'target', price: 'numeric' } });
    await until(() => text().includes('Values of “area”'));
    expect(
      dataset.summary?.table?.columns
        .filter((column) => column.role === 'target')
        .map((column) => column.name),
    ).toEqual(['area']);
  });

  it('says so when a change cannot be applied, and keeps the folder open', async () => {
    const { dataset, studio } = await openFolder(folders.birds);
    await until(() => dataset.phase === 'ready');
    studio.failNext('data.setOptions', {
      code: 'out-of-space',
      message: 'The disk is full.',
      remedy: 'Free some.',
    });
    await dataset.exclude(['robin/0001.jpg']);
    await until(() => text().includes('The disk is full.'));
    expect(dataset.phase).toBe('ready');
    expect(dataset.canUndo).toBe(false);
  });

  it('starts a run with what is proposed and goes to it', async () => {
    const { router, studio } = await openFolder(folders.birds);
    const train = await until(() => {
      const found = button('Train');
      return found && !found.disabled ? found : undefined;
    });
    train.click();
    await until(() => router.currentRoute.value.path.startsWith('/runs/'));
    expect(studio.calls.find((call) => call.name === 'jobs.start')?.params).toMatchObject({
      path: folders.birds,
      hyperparameters: { model: 'small-cnn', epochs: 12, classWeights: 'balanced' },
    });
  });
});
