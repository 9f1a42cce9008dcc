export function cacheDirectory(env?: NodeJS.ProcessEnv, platform?: string, home?: string): string;
export function writeWhole(path: string, text: string): void;
export function readJson(path: string): unknown;
export function processLives(pid: number): boolean;
export function publish(
  cache: string,
  name: string,
  fill: (staging: string) => Promise<void>,
): Promise<string>;
export function withLock<T>(
  path: string,
  work: () => Promise<T>,
  options?: { waiting?: () => void },
): Promise<T>;
export function projectLock(cache: string, root: string): string;
export interface FailureReason {
  part: string;
  remedy: string;
}
export class Attempts {
  constructor(cache: string, options?: { retry?: boolean; now?: () => number; memory?: number });
  lately(name: string): FailureReason | null;
  failed(name: string, reason: FailureReason): void;
  worked(name: string): void;
}
