import * as tf from '@tensorflow/tfjs';
import { DescentError } from '../../contract/errors';
import { type DType, dtypeFromNumber } from '../dtype';
import type { Tensor } from '../operation';
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
  /** A call: writes the operations that stand for it; its type is its name. */
  emit?: CallEmitter;
}
export type CallEmitter = (inputs: Tensor[]) => readonly Tensor[];
export type RecordedAttribute = number | boolean | string | readonly (number | boolean | string)[];

export interface Recording {
  steps: RecordedOperation[];
  outputs: Source[];
}

/** What a traced function may do beside computing. */
export interface Recorder {
  /**
   * Puts what `emit` writes in the place of what `run` computes, which goes unrecorded and gives no more than shapes and
   * types.
   */
  call(
    name: string,
    inputs: readonly tf.Tensor[],
    run: () => readonly tf.Tensor[],
    emit: CallEmitter,
  ): tf.Tensor[];
}

export interface RecordOptions {
  /** Take other tensors that the function uses as constants, instead of refusing them. */
  captures?: boolean;
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
  tensorMap: { get(dataId: object): { shape: number[]; dtype: number; id: number } | undefined };
  getInputTensorIds(tensors: readonly tf.Tensor[]): number[];
}

/**
 * Runs `body` eagerly and writes down what tfjs-node's addon is asked to compute.
 * @throws DescentError `unsupported` when it uses a variable that is not among the weights, or reads a tensor's values
 */
export function record(
  inputs: readonly tf.Tensor[],
  weights: readonly tf.Tensor[],
  body: (recorder: Recorder) => readonly tf.Tensor[],
  options: RecordOptions = {},
): Recording {
  const backend = nativeBackend() as unknown as EagerBackend;
  const real = backend.binding;
  const sources = new Map<number, Source>();
  const variables = new Map<number, string>();
  for (const variable of Object.values(tf.engine().registeredVariables))
    variables.set(backend.getInputTensorIds([variable])[0]!, variable.name);
  backend.getInputTensorIds(inputs).forEach((id, index) => {
    sources.set(id, { kind: 'input', index });
  });
  backend.getInputTensorIds(weights).forEach((id, index) => {
    sources.set(id, { kind: 'weight', index });
  });
  const steps: RecordedOperation[] = [];

  const seen = new Map<number, { dtype: number; shape: number[] }>();
  const identifyReally = backend.getInputTensorIds;
  const identify = (tensors: readonly tf.Tensor[]): number[] => {
    const ids = identifyReally.call(backend, tensors);
    tensors.forEach((tensor, index) => {
      const found = tensor.dataId === undefined ? undefined : backend.tensorMap.get(tensor.dataId);
      if (found) seen.set(ids[index]!, found);
    });
    return ids;
  };
  const sourceOf = (id: number): Source => {
    const known = sources.get(id);
    if (known) return known;
    const variable = variables.get(id);
    if (variable !== undefined)
      throw new DescentError(
        'unsupported',
        `The traced function uses the variable "${variable}", which is not named among the weights.`,
        { subject: variable, remedy: 'Name it, or hand over a copy of its value (variable.clone()).' },
      );
    const captured = options.captures ? seen.get(id) : undefined;
    if (captured) {
      const { dtype, shape } = captured;
      const value = recordedValue(dtypeFromNumber(dtype), shape, real.tensorDataSync(id) as NumericArray);
      const source: Source = { kind: 'constant', value };
      sources.set(id, source);
      return source;
    }
    throw new DescentError(
      'unsupported',
      'The traced function uses a tensor that is neither input, weight nor constant.',
      {
        remedy: 'Name it among the weights.',
      },
    );
  };
  let paused = false;
  const recording: Partial<EagerBinding> = {
    createTensor(shape, dtype, data) {
      const id = real.createTensor(shape, dtype, data);
      if (!paused)
        sources.set(id, { kind: 'constant', value: recordedValue(dtypeFromNumber(dtype), shape, data) });
      return id;
    },
    tensorDataSync(id) {
      const kind = sources.get(id)?.kind;
      // tfjs' own kernels may look: gather checks its indices.
      const looking = tf.engine().state.kernelDepth > 0;
      if (!paused && !looking && kind !== undefined && kind !== 'constant')
        throw new DescentError(
          'unsupported',
          'The traced function reads the values of a tensor (dataSync, arraySync, data or print), which it has only while it is traced.',
          {
            remedy:
              'Compute with tensors alone: tf.where instead of if, tf.sum instead of a loop over values.',
          },
        );
      return real.tensorDataSync(id);
    },
    executeOp(type, attributes, ids, outputs) {
      if (paused) return real.executeOp(type, attributes, ids, outputs);
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
  const recorder: Recorder = {
    call: (type, given, run, emit) => {
      const step = steps.length;
      steps.push({ type, attributes: {}, inputs: identify(given).map(sourceOf), emit });
      const before = paused;
      paused = true;
      try {
        const results = run();
        backend.getInputTensorIds(results).forEach((id, output) => {
          sources.set(id, { kind: 'result', step, output });
        });
        return [...results];
      } finally {
        paused = before;
      }
    },
  };
  // The addon's own properties are read-only, so that it can't be the proxy's target itself.
  backend.binding = new Proxy({} as EagerBinding, {
    get: (_, name) => recording[name as keyof EagerBinding] ?? (Reflect.get(real, name) as unknown),
  });
  backend.getInputTensorIds = identify;
  try {
    const results = body(recorder);
    return { steps, outputs: identify(results).map(sourceOf) };
  } finally {
    backend.binding = real;
    backend.getInputTensorIds = identifyReally;
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
