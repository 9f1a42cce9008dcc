export interface MissingPart {
  part: string;
  remedy: string;
}
export type ProvisionedEngine =
  | { kind: 'node'; version: string; from: string }
  | { kind: 'wasm'; missing: MissingPart[] };
export const TENSORFLOW_WHEEL_VERSION: string;
export function installedEngineFiles(root: string): string[] | null;
export function provisionEngine(options: {
  root: string;
  cache?: string;
  attempts?: import('./lib/cache.mjs').Attempts;
  say?: (line: string) => void;
  copy?: boolean;
}): Promise<ProvisionedEngine>;
export function describeEngine(engine: ProvisionedEngine): string;
