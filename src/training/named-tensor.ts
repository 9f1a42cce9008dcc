/** A tensor outside TensorFlow, row-major. */
export interface NamedTensor {
  name: string;
  dtype: 'float32' | 'int32';
  shape: number[];
  values: Float32Array | Int32Array;
}
