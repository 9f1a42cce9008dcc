// @vitest-environment happy-dom
import { flushPromises } from '@vue/test-utils';
import { afterEach, expect, it } from 'vitest';
import { defineComponent, h } from 'vue';
import TryIt from '../../../../renderer/pages/model/TryIt.vue';
import type { ModelMetadata } from '../../../../src/contract/metadata';
import { button, closePages, mountPage, text, until } from '../support';

afterEach(closePages);

const metadata: ModelMetadata = {
  version: 1,
  name: 'mails',
  preset: 'text-bag',
  kind: 'texts',
  task: 'classification',
  input: { kind: 'texts', vocabulary: ['free', 'prize'], sequenceLength: 8 },
  labels: ['ham', 'spam'],
  outputs: 'probabilities',
};

async function ask(outputs: ModelMetadata['outputs']) {
  let run = '';
  const page = defineComponent({ render: () => h(TryIt, { run, metadata: { ...metadata, outputs } }) });
  const probe = await mountPage(defineComponent({ render: () => h('p') }));
  run = (await probe.studio.client.call('runs.list', { search: 'mails' }))[0]!.id;
  closePages();
  await mountPage(page);
  const field = document.querySelector('textarea')!;
  field.value = 'a free prize';
  field.dispatchEvent(new Event('input'));
  await flushPromises();
  button('Predict')!.click();
  await until(() => document.querySelector('.bars li'));
}

it('says that shares of classes that are judged each by itself need not add up', async () => {
  await ask('independent-probabilities');
  expect(text()).toContain('Each label is judged by itself: the shares need not add up to 100 %.');
});

it('says no such thing of a softmax', async () => {
  await ask('probabilities');
  expect(text()).not.toContain('judged by itself');
});
