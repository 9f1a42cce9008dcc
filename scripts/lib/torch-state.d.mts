export interface TorchTensor {
  shape: number[];
  values: Float32Array;
}
export function readTorchState(bytes: Buffer): Map<string, TorchTensor>;
export function transpose(tensor: TorchTensor, axes: readonly number[]): TorchTensor;
