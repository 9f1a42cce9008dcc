import type { TorchTensor } from './torch-state.mjs';
export const packageName: string;
export const packageVersion: string;
export const stateFile: string;
export interface NamedWeight extends TorchTensor {
  name: string;
}
export function baseWeights(state: ReadonlyMap<string, TorchTensor>): NamedWeight[];
export function describeWeights(
  weights: readonly NamedWeight[],
  file: string,
): { json: { weightsManifest: unknown[] }; bytes: Buffer };
