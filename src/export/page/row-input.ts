import type { z } from 'zod';
import type { tableInput } from '../../contract/metadata';
import { encodeRow } from '../../dataset/common/table';
import { element } from './element';
import { texts } from './texts';

/** A form with a field for each column; the average, or the first value, stands in it to begin with. */
export function rowInput(
  input: z.infer<typeof tableInput>,
  predict: (values: Float32Array, shape: number[]) => void,
): HTMLElement {
  const fields = input.columns.map((column) => {
    if (column.role === 'numeric') {
      const value = Number(column.mean.toPrecision(4));
      return element('input', { name: column.name, type: 'number', step: 'any', value: String(value) });
    }
    const select = element('select', { name: column.name });
    for (const value of column.values) select.append(element('option', { value }, value));
    select.append(element('option', { value: '' }, texts.noSuchValue));
    return select;
  });
  const form = element('form');
  const grid = element('div', { class: 'fields' });
  for (const field of fields) grid.append(element('label', {}, field.name, field));
  form.append(
    grid,
    element('div', { class: 'row' }, element('button', { class: 'primary', type: 'submit' }, texts.predict)),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const row = Object.fromEntries(fields.map((field) => [field.name, field.value]));
    const values = encodeRow(input.columns, row);
    predict(values, [values.length]);
  });
  return element('section', {}, form);
}
