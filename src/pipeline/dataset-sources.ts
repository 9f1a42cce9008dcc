import type { SplitName } from '../contract/dataset';
import { DescentError } from '../contract/errors';
import type { ModelInput } from '../contract/metadata';
import { type TextEncoder, textEncoder } from '../dataset/common/text-encoder';
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
      const encoder = textEncoder(input);
      const texts: EncodedTexts = wide(encoder, indices.length)
        ? new ShortRows(encoder)
        : new WholeRows(encoder, indices.length);
      for (let index = 0; index < indices.length; index++) {
        throwIfAborted(options.signal);
        texts.add(await examples.text(indices[index]!));
        options.onProgress?.(index + 1, indices.length);
      }
      return {
        ...common,
        shape: encoder.shape,
        dtype: encoder.dtype,
        resident: true,
        ...(texts.rows ? { rows: texts.rows } : {}),
        loading: workOn(input),
        load: (index) => texts.load(index),
      };
    }
  }
}

interface EncodedTexts {
  readonly rows?: Int32Array | Float32Array;
  add(text: string): void;
  load(index: number): Int32Array | Float32Array;
}

/** Larger together, texts are kept without the zeros behind their ends. */
const largestRows = 256 * 1024 * 1024;

function wide({ shape, encodeShort }: TextEncoder, count: number): boolean {
  return (
    encodeShort !== undefined && shape.reduce((product, size) => product * size, 4) * count > largestRows
  );
}

/** All texts in one array, each as long as the longest. */
class WholeRows implements EncodedTexts {
  readonly rows: Int32Array | Float32Array;
  private readonly width: number;
  private count = 0;

  constructor(
    private readonly encoder: TextEncoder,
    count: number,
  ) {
    this.width = encoder.shape.reduce((product, size) => product * size, 1);
    const values = count * this.width;
    this.rows = encoder.dtype === 'int32' ? new Int32Array(values) : new Float32Array(values);
  }

  add(text: string): void {
    this.rows.set(this.encoder.encode(text), this.count++ * this.width);
  }

  load(index: number): Int32Array | Float32Array {
    return this.rows.subarray(index * this.width, (index + 1) * this.width);
  }
}

class ShortRows implements EncodedTexts {
  private readonly texts: Float32Array[] = [];

  constructor(private readonly encoder: TextEncoder) {}

  add(text: string): void {
    this.texts.push(this.encoder.encodeShort!(text));
  }

  load(index: number): Float32Array {
    const values = new Float32Array(this.encoder.shape.reduce((product, size) => product * size, 1));
    values.set(this.texts[index]!);
    return values;
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new DescentError('cancelled', 'Cancelled.');
}

function workOn({ weighting, pieces }: Extract<ModelInput, { kind: 'texts' }>): string {
  if (pieces) return 'split into pieces of words';
  return weighting ? 'split into words, weigh (TF-IDF)' : 'split into words, look up';
}
