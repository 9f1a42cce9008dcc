import type { ModelMetadata } from '../../contract/metadata';
import { element } from './element';
import { texts } from './texts';

/** Shows the answer: the five most probable labels, or the value. Exact numbers stand in data attributes. */
export function showAnswer(target: HTMLElement, metadata: ModelMetadata, outputs: Float32Array): void {
  const heading = element('h2', {}, texts.answer);
  if (metadata.outputs === 'value') {
    const value = outputs[0] ?? Number.NaN;
    const shown = element('div', { class: 'value', 'data-value': String(value) }, value.toPrecision(4));
    target.replaceChildren(heading, element('div', {}, metadata.target ?? ''), shown);
    return;
  }
  const ranked = metadata.labels
    .map((label, index) => ({ label, probability: outputs[index] ?? Number.NaN }))
    .sort((left, right) => right.probability - left.probability);
  const list = element('ol', { class: 'answer' });
  for (const [rank, { label, probability }] of ranked.entries()) {
    const share = `${(probability * 100).toFixed(1)} %`;
    const item = element(
      'li',
      { 'data-label': label, 'data-probability': String(probability) },
      element('span', {}, label),
      element('progress', { max: '1', value: String(probability), 'aria-label': `${label}: ${share}` }),
      element('span', { class: 'number' }, share),
    );
    item.hidden = rank >= 5;
    list.append(item);
  }
  const note = metadata.outputs === 'independent-probabilities' ? [element('p', {}, texts.independent)] : [];
  target.replaceChildren(heading, list, ...note);
}

export function showFailure(target: HTMLElement, message: string): void {
  target.replaceChildren(element('p', { class: 'failure', role: 'alert' }, message));
}
