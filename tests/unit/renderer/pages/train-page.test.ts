// @vitest-environment happy-dom
import { flushPromises } from '@vue/test-utils';
import { afterEach, describe, expect, it } from 'vitest';
import { useTrainCommand } from '../../../../renderer/composables/train-command';
import TrainPage from '../../../../renderer/pages/train/TrainPage.vue';
import { useDatasetStore } from '../../../../renderer/stores/dataset';
import { useJobsStore } from '../../../../renderer/stores/jobs';
import { useRunsStore } from '../../../../renderer/stores/runs';
import { hyperparameters } from '../../../../src/contract/hyperparameters';
import { folders } from '../../../support/fixture/folders';
import type { FixtureRun } from '../../../support/fixture/runs';
import { button, closePages, mountPage, text, until } from '../support';

afterEach(closePages);

async function openTrain(path: string, at = '/') {
  let command: ReturnType<typeof useTrainCommand> | undefined;
  const mounted = await mountPage(TrainPage, {
    at,
    before: () => {
      command = useTrainCommand();
      useJobsStore().watch();
      void useDatasetStore().open(path);
    },
  });
  await until(() => document.querySelector('form'));
  return { ...mounted, command: command! };
}

function input(label: string): HTMLInputElement {
  const found = [...document.querySelectorAll('label')].find((candidate) =>
    candidate.textContent?.trim().startsWith(label),
  );
  return document.getElementById(found!.htmlFor) as HTMLInputElement;
}

async function type(label: string, value: string) {
  const field = input(label);
  field.value = value;
  field.dispatchEvent(new Event('input'));
  await flushPromises();
}

const started = (studio: { calls: { name: string; params: unknown }[] }) =>
  studio.calls.filter((call) => call.name === 'jobs.start').map((call) => call.params);

it('asks for a folder while none is open', async () => {
  await mountPage(TrainPage);
  expect(text()).toContain('Open a folder first');
  expect(button('Train')).toBeUndefined();
});

describe('the form', () => {
  it('begins with what is proposed for the folder, and has the presets of its kind alone', async () => {
    await openTrain(folders.iris);
    const model = input('Model') as unknown as HTMLSelectElement;
    expect([...model.options].map((option) => option.value)).toEqual(['mlp', 'linear']);
    expect(input('Epochs').value).toBe('12');
    expect(text()).not.toContain('Picture size');
    expect(text()).toContain('Steps in all48');
  });

  it('refuses a value out of range, says the range, and does not start', async () => {
    const { studio, command } = await openTrain(folders.birds);
    await type('Batch size', '0');
    expect(text()).toContain('It must be a whole number from 1 to 65536.');
    expect(button('Train')!.disabled).toBe(true);
    command.taker.value!();
    await flushPromises();
    expect(started(studio)).toEqual([]);
    await type('Batch size', '64');
    expect(button('Train')!.disabled).toBe(false);
  });

  it('chooses the layers that are fine-tuned on a slider over the layers of the base, and tells which they are', async () => {
    const { studio } = await openTrain(folders.birds);
    expect(text()).not.toContain('Fine-tuned layers');
    const model = input('Model') as unknown as HTMLSelectElement;
    model.value = 'mobilenet-v2';
    model.dispatchEvent(new Event('change'));
    const slider = await until(() => document.querySelector<HTMLInputElement>('input[type="range"]'));
    expect(text()).toContain('All 12 layers of the base stay as they are.');
    await type('Fine-tuning epochs', '4');
    await until(() => text().includes('Choose at least one layer of the base to fine-tune'));
    expect(button('Train')!.disabled).toBe(true);
    slider.value = '5';
    slider.dispatchEvent(new Event('input'));
    await until(() => text().includes('From block_2_expand_BN on: 5 of 12 layers'));
    expect(text()).toContain('1 of them have 4,000 numbers that are trained.');
    expect(input('Fine-tuned layers').value).toBe('5');
    await type('Fine-tuned layers', '12');
    expect(slider.value).toBe('12');
    button('Train')!.click();
    await until(() => started(studio).length > 0);
    expect(started(studio)[0]).toMatchObject({
      hyperparameters: { model: 'mobilenet-v2', fineTuneLayers: 12, fineTuneEpochs: 4 },
    });
  });

  it('follows a chosen model with the settings that suit it, but for what was changed by hand', async () => {
    const { studio } = await openTrain(folders.birds);
    await type('Epochs', '7');
    const model = input('Model') as unknown as HTMLSelectElement;
    model.value = 'resnet50';
    model.dispatchEvent(new Event('change'));
    await until(() => input('Picture size').value === '224');
    expect(input('Epochs').value).toBe('7');
    model.value = 'small-cnn';
    model.dispatchEvent(new Event('change'));
    await until(() => input('Picture size').value === '64');
    expect(input('Epochs').value).toBe('7');
    button('Train')!.click();
    await until(() => started(studio).length > 0);
    expect(started(studio)[0]).toMatchObject({
      hyperparameters: { model: 'small-cnn', imageSize: 64, epochs: 7 },
    });
  });

  it('lists what was changed and takes it back', async () => {
    await openTrain(folders.birds);
    await type('Learning rate', '1e-2');
    expect(text()).toContain('Learning rate0.001 → 0.01');
    button('Reset all')!.click();
    await until(() => text().includes('Nothing is changed.'));
    expect(input('Learning rate').value).toBe('0.001');
  });

  it('drops the complaint about a setting that the chosen model has not', async () => {
    await openTrain(folders.birds);
    await type('Width', '-3');
    expect(button('Train')!.disabled).toBe(true);
    const model = input('Model') as unknown as HTMLSelectElement;
    model.value = 'linear';
    model.dispatchEvent(new Event('change'));
    await until(() => !button('Train')!.disabled);
  });

  it('groups all settings, says which are without effect, and counts those that a filter leaves', async () => {
    await openTrain(folders.birds);
    document.querySelector<HTMLButtonElement>('.disclosure')!.click();
    const filter = await until(() => document.querySelector<HTMLInputElement>('[data-filter]'));
    const titles = () => [...document.querySelectorAll('.group h3')].map((title) => title.textContent);
    expect(titles()).toEqual([
      'Model',
      'Training',
      'Loss',
      'Learning-rate schedule',
      'Regularization',
      'Data',
      'Augmentation (training pictures only)',
      'Computation',
      'Recording',
    ]);
    const momentum = () => input('Momentum').closest('.setting')!;
    expect(momentum().classList).toContain('idle');
    expect(momentum().textContent).toContain(
      '(momentum, nesterov). Without effect with the other settings as they are.',
    );
    const optimizer = input('Optimizer') as unknown as HTMLSelectElement;
    optimizer.value = 'nesterov';
    optimizer.dispatchEvent(new Event('change'));
    await until(() => !momentum().classList.contains('idle'));
    expect(momentum().textContent).not.toContain('Without effect');
    filter.value = 'huber(';
    filter.dispatchEvent(new Event('input'));
    await until(() => titles().length === 1);
    expect(titles()).toEqual(['Loss']);
    expect(document.querySelector('.disclosure')!.textContent).toMatch(/1 of \d+ settings/);
    expect(input('Huber delta')).toBeTruthy();
  });

  it('does not hand the decay that AdamW took by itself to another optimizer', async () => {
    await openTrain(folders.birds);
    document.querySelector<HTMLButtonElement>('.disclosure')!.click();
    const choose = async (value: string) => {
      const optimizer = input('Optimizer') as unknown as HTMLSelectElement;
      optimizer.value = value;
      optimizer.dispatchEvent(new Event('change'));
      await flushPromises();
    };
    await choose('adamw');
    await type('Weight decay', '0.004');
    await choose('adam');
    expect(input('Weight decay').value).toBe('0');
    await type('Weight decay', '0.01');
    await choose('adamw');
    await choose('sgd');
    expect(input('Weight decay').value).toBe('0.01');
  });

  it('starts the run by the keyboard, with the changed settings and the name, and goes to it', async () => {
    const { studio, command, router } = await openTrain(folders.birds);
    await type('Epochs', '3');
    const name = document.getElementById('run-name') as HTMLInputElement;
    name.value = 'three';
    name.dispatchEvent(new Event('input'));
    command.taker.value!();
    await until(() => router.currentRoute.value.path.startsWith('/runs/'));
    expect(started(studio)).toMatchObject([
      { path: folders.birds, name: 'three', hyperparameters: { epochs: 3, batchSize: 32 } },
    ]);
  });

  it('tells why a run could not be started', async () => {
    const { studio } = await openTrain(folders.birds);
    studio.failNext('jobs.start', {
      code: 'not-found',
      message: 'The folder is gone.',
      remedy: 'Put it back.',
    });
    button('Train')!.click();
    await until(() => text().includes('The folder is gone.'));
    expect(text()).toContain('Put it back.');
    expect(button('Train')!.disabled).toBe(false);
  });
});

it('begins with the settings of an earlier run and starts from it as its parent', async () => {
  const { studio: fixture } = await mountPage(TrainPage);
  const [first] = await fixture.client.call('runs.list', { search: 'batch 64' });
  closePages();
  const { studio, router } = await openTrain(folders.iris, `/?from=${encodeURIComponent(first!.id)}`);
  await until(() => text().includes('as in “small-cnn · batch 64”'));
  expect(input('Batch size').value).toBe('64');
  await type('Batch size', '16');
  expect(text()).toContain('Changed from “small-cnn · batch 64”');
  expect(text()).toContain('Batch size64 → 16');
  button('Train')!.click();
  await until(() => router.currentRoute.value.path.startsWith('/runs/'));
  expect(started(studio)).toMatchObject([
    { path: folders.birds, parent: first!.id, hyperparameters: { batchSize: 16 } },
  ]);
});

it('pauses, continues and stops jobs of the queue', async () => {
  await mountPage(TrainPage, {
    fixture: { running: true, stepsPerSecond: 1 },
    before: () => useJobsStore().watch(),
  });
  const name = 'small-cnn · live';
  (await until(() => button(`Pause “${name}”`))).click();
  (await until(() => button(`Continue “${name}”`))).click();
  await until(() => button(`Pause “${name}”`));
  button('Take “mlp · next” out of the queue')!.click();
  await until(() => !text().includes('mlp · next'));
  button(`Stop “${name}”: it ends after its step, with a checkpoint`)!.click();
  await until(() => text().includes('No job runs and none waits.'));
});

it('moves waiting jobs with their arrows: the keyboard stays on them, and the new place is said', async () => {
  const { studio } = await mountPage(TrainPage, {
    fixture: { running: true, stepsPerSecond: 1 },
    before: () => useJobsStore().watch(),
  });
  const earlier = (name: string) => button(`Train “${name}” earlier`)!;
  const later = (name: string) => button(`Train “${name}” later`)!;
  await until(() => text().includes('mlp · next'));
  expect(earlier('mlp · next'), 'one job alone that waits has no arrows').toBeUndefined();
  for (const name of ['second', 'third'])
    await studio.client.call('jobs.start', {
      path: folders.birds,
      name,
      hyperparameters: hyperparameters.parse({ model: 'linear' }),
    });
  await until(() => earlier('third'));
  const names = () => [...document.querySelectorAll('.job .name')].map((name) => name.textContent);
  expect(earlier('mlp · next').disabled).toBe(true);
  expect(later('third').disabled).toBe(true);

  earlier('third').focus();
  earlier('third').click();
  await until(() => names()[2] === 'third');
  expect(names()).toEqual(['small-cnn · live', 'mlp · next', 'third', 'second']);
  await until(() => document.activeElement === earlier('third'));
  expect(document.querySelector('[role=status].visually-hidden')!.textContent).toBe(
    '“third” is now 2. in the queue.',
  );

  earlier('third').click();
  await until(() => names()[1] === 'third');
  await until(() => text().includes('“third” is now next.'));
  expect(document.activeElement, 'at the end of the way the other arrow has the keyboard').toBe(
    later('third'),
  );

  studio.failNext('jobs.move', { code: 'wrong-use', message: 'The run third is running.' });
  later('third').click();
  await flushPromises();
  expect(names()[1]).toBe('third');
});

describe('candidates', () => {
  it('are trained side by side for texts, as runs of one comparison, and the page says which wins', async () => {
    const { studio } = await openTrain(folders.mails);
    await until(() => text().includes('Candidates'));
    expect(text()).toContain('A bag of word vectors: it looks at which words occur');
    const runs = useRunsStore();
    runs.watch();
    button('Train all 3')!.click();
    await until(() => started(studio).length === 3);
    const params = started(studio) as { comparison: string; hyperparameters: { model: string } }[];
    expect(params.map(({ hyperparameters: { model } }) => model)).toEqual(['tfidf', 'glove', 'text-bag']);
    expect(new Set(params.map(({ comparison }) => comparison)).size).toBe(1);
    await until(() => text().includes('waits'));
    expect(text()).not.toContain('wins.');
    const accuracies: Record<string, number> = { tfidf: 0.9, glove: 0.95, 'text-bag': 0.8 };
    const { runs: made } = studio as unknown as { runs: FixtureRun[] };
    for (const { run } of made.slice(-3)) {
      const accuracy = accuracies[run.configuration.hyperparameters.model]!;
      Object.assign(run, { status: 'done', summary: { val_accuracy: accuracy, val_loss: 0.2 } });
    }
    await runs.refresh();
    await until(() => text().includes('GloVe word vectors, pretrained wins.'));
    expect(text()).toContain('0.9500 of validation right');
  });

  it('are not there for pictures', async () => {
    await openTrain(folders.birds);
    expect(text()).not.toContain('Candidates');
  });
});
