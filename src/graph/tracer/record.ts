import type * as tf from '@tensorflow/tfjs';
import { DescentError } from '../../contract/errors';
import { type DType, dtypeFromNumber } from '../dtype';
import { type NativeBinding, nativeBackend } from '../session/native-binding';
import { type NumericArray, TensorValue } from '../tensor-value';

/** Where a recorded operation's input comes from. */
export type Source =
  | { kind: 'input'; index: number }
  | { kind: 'weight'; index: number }
  | { kind: 'constant'; value: TensorValue }
  | { kind: 'result'; step: number; output: number };

export interface RecordedOperation {
  type: string;
  attributes: Record<string, RecordedAttribute>;
  inputs: Source[];
}
export type RecordedAttribute = number | boolean | string | readonly (number | boolean | string)[];

export interface Recording {
  steps: RecordedOperation[];
  outputs: Source[];
}

interface EagerAttribute {
  name: string;
  type: number;
  value: number | boolean | string | number[];
}

interface EagerBinding extends NativeBinding {
  TF_ATTR_TYPE: number;
  executeOp(
    type: string,
    attributes: readonly EagerAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): { id: number; shape: number[]; dtype: number }[];
}

interface EagerBackend {
  binding: EagerBinding;
  getInputTensorIds(tensors: readonly tf.Tensor[]): number[];
}

/** Runs `body` eagerly and writes down what tfjs-node's addon is asked to compute. */
export function record(
  inputs: readonly tf.Tensor[],
  weights: readonly tf.Tensor[],
  body: () => readonly tf.Tensor[],
): Recording {
  const backend = nativeBackend() as unknown as EagerBackend;
  const real = backend.binding;
  const sources = new Map<number, Source>();
  backend.getInputTensorIds(inputs).forEach((id, index) => {
    sources.set(id, { kind: 'input', index });
  });
  backend.getInputTensorIds(weights).forEach((id, index) => {
    sources.set(id, { kind: 'weight', index });
  });
  const steps: RecordedOperation[] = [];

  const sourceOf = (id: number): Source => {
    const known = sources.get(id);
    if (known) return known;
    throw new DescentError(
      'unsupported',
      'The traced function uses a tensor that is neither input, weight nor constant.',
      {
        remedy: 'Name it among the weights.',
      },
    );
  };
  const recording: Partial<EagerBinding> = {
    createTensor(shape, dtype, data) {
      const id = real.createTensor(shape, dtype, data);
      sources.set(id, { kind: 'constant', value: recordedValue(dtypeFromNumber(dtype), shape, data) });
      return id;
    },
    executeOp(type, attributes, ids, outputs) {
      const step = steps.length;
      steps.push({
        type,
        attributes: Object.fromEntries(
          attributes.map(({ name, type: kind, value }) => [
            name,
            kind === real.TF_ATTR_TYPE ? dtypeFromNumber(value as number) : value,
          ]),
        ),
        inputs: ids.map(sourceOf),
      });
      const results = real.executeOp(type, attributes, ids, outputs);
      results.forEach(({ id }, output) => {
        sources.set(id, { kind: 'result', step, output });
      });
      return results;
    },
  };
  // The addon's own properties are read-only, so that it can't be the proxy's target itself.
  backend.binding = new Proxy({} as EagerBinding, {
    get: (_, name) => recording[name as keyof EagerBinding] ?? (Reflect.get(real, name) as unknown),
  });
  try {
    const results = body();
    return { steps, outputs: backend.getInputTensorIds(results).map(sourceOf) };
  } finally {
    backend.binding = real;
  }
}

/** A copy: tfjs may let go of the memory. */
function recordedValue(
  dtype: DType,
  shape: readonly number[],
  data: NumericArray | readonly Uint8Array[],
): TensorValue {
  if (dtype === 'int64') {
    const halves = data as Int32Array;
    return new TensorValue(dtype, shape, new BigInt64Array(halves.slice().buffer));
  }
  return new TensorValue(dtype, [...shape], (data as NumericArray).slice());
}
