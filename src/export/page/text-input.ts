import type { z } from 'zod';
import type { textInput as textInputSchema } from '../../contract/metadata';
import { textEncoder } from '../../dataset/common/text-encoder';
import { element } from './element';
import { texts } from './texts';

export function textInput(
  input: z.infer<typeof textInputSchema>,
  predict: (values: Float32Array, shape: number[]) => void,
): HTMLElement {
  const encoder = textEncoder(input);
  const area = element('textarea', { 'aria-label': texts.textLabel, placeholder: texts.textLabel });
  const form = element(
    'form',
    {},
    area,
    element('div', { class: 'row' }, element('button', { class: 'primary', type: 'submit' }, texts.predict)),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    predict(Float32Array.from(encoder.encode(area.value)), [...encoder.shape]);
  });
  return element('section', {}, form);
}
