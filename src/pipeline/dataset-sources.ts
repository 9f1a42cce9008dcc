import type { SplitName } from '../contract/dataset';
import { DescentError } from '../contract/errors';
import type { ModelInput } from '../contract/metadata';
import { encodeText, indexVocabulary } from '../dataset/common/text';
import { loadPicture } from '../dataset/node/decode';
import type { ExampleTable } from '../dataset/node/example-table';
import type { ExampleSource } from './example-source';

export interface SourceOptions {
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** The examples of one split as a model with this input takes them. Texts and rows are encoded here, pictures when asked for. */
export async function openSource(
  examples: ExampleTable,
  split: SplitName,
  input: ModelInput,
  options: SourceOptions = {},
): Promise<ExampleSource> {
  const indices = examples.indices(split);
  const { weights } = examples;
  const common = {
    count: indices.length,
    name: (index: number) => examples.file(indices[index]!),
    answer: (index: number) => examples.target[indices[index]!]!,
    ...(weights ? { weight: (index: number) => weights[indices[index]!]! } : {}),
  };
  switch (input.kind) {
    case 'images': {
      const { height, width, channels } = input;
      return {
        ...common,
        shape: [height, width, channels],
        dtype: 'float32',
        resident: false,
        loading: 'decode, upright, resize',
        load: (index) => loadPicture(examples.path(indices[index]!), { height, width, channels }),
      };
    }
    case 'table': {
      if (!examples.table) throw new Error('A table model needs the rows of a table.');
      const values = examples.table.encode(indices, input.columns);
      const width = indices.length > 0 ? values.length / indices.length : 0;
      return {
        ...common,
        shape: [width],
        dtype: 'float32',
        resident: true,
        rows: values,
        loading: 'encode row',
        load: (index) => values.subarray(index * width, (index + 1) * width),
      };
    }
    case 'texts': {
      const length = input.sequenceLength;
      const vocabulary = indexVocabulary(input.vocabulary);
      const ids = new Int32Array(indices.length * length);
      for (let index = 0; index < indices.length; index++) {
        throwIfAborted(options.signal);
        ids.set(encodeText(vocabulary, length, await examples.text(indices[index]!)), index * length);
        options.onProgress?.(index + 1, indices.length);
      }
      return {
        ...common,
        shape: [length],
        dtype: 'int32',
        resident: true,
        rows: ids,
        loading: 'split into words, look up',
        load: (index) => ids.subarray(index * length, (index + 1) * length),
      };
    }
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new DescentError('cancelled', 'Cancelled.');
}
