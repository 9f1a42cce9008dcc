import * as tf from '@tensorflow/tfjs';
import { DescentError } from '../../contract/errors';
import type { DType } from '../dtype';
import type { NumericArray, TensorValue } from '../tensor-value';

interface OutputInformation {
  id: number;
  shape: number[];
  dtype: number;
}

/** What of tfjs-node's addon is used: below its tensors, which know neither int64 nor uint8. */
export interface NativeBinding {
  TF_Version: string;
  TF_FLOAT: number;
  TF_INT32: number;
  TF_INT64: number;
  TF_BOOL: number;
  TF_STRING: number;
  TF_UINT8: number;
  createTensor(shape: readonly number[], dtype: number, data: NumericArray | readonly Uint8Array[]): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): NumericArray | Uint8Array[];
  runSavedModel(
    session: number,
    inputs: readonly number[],
    inputNames: string,
    outputNames: string,
  ): OutputInformation[];
}

export interface NativeBackend {
  binding: NativeBinding;
  loadSavedModelMetaGraph(directory: string, tags: string): number;
  deleteSavedModel(session: number): void;
}

/** @throws DescentError `unsupported` when tfjs-node is not the back end of now */
export function nativeBackend(): NativeBackend {
  if (tf.getBackend() !== 'tensorflow')
    throw new DescentError('unsupported', 'Graphs run on the native engine only, and it is not loaded.', {
      remedy: 'Load it with loadBackend("node").',
    });
  return tf.backend() as unknown as NativeBackend;
}

/** Makes a tensor of the addon; to be released with deleteTensor. */
export function createNativeTensor(binding: NativeBinding, value: TensorValue): number {
  const { data, shape } = value;
  switch (value.dtype) {
    case 'float32':
      return binding.createTensor(shape, binding.TF_FLOAT, data);
    case 'int32':
      return binding.createTensor(shape, binding.TF_INT32, data);
    case 'bool':
      return binding.createTensor(shape, binding.TF_BOOL, data);
    case 'uint8':
      return binding.createTensor(shape, binding.TF_UINT8, data);
    case 'string':
      return binding.createTensor(shape, binding.TF_STRING, data);
    case 'int64': {
      const wide = data as BigInt64Array;
      // The addon takes the halves of 64-bit numbers.
      const halves = new Int32Array(wide.buffer, wide.byteOffset, wide.length * 2);
      return binding.createTensor(shape, binding.TF_INT64, halves);
    }
    default:
      throw new DescentError('unsupported', `A tensor of type ${value.dtype} can't be fed.`, {
        remedy: 'Feed float32, int32, int64, uint8, bool or string, and cast in the graph.',
      });
  }
}

/** The types whose values can be fetched; others are to be cast in the graph. */
export const fetchableTypes: ReadonlySet<DType> = new Set<DType>([
  'float32',
  'int32',
  'int64',
  'bool',
  'string',
  'complex64',
]);
