import { writeSync } from 'node:fs';
import { DescentError } from '../contract/errors';

/** Standard output is for machines (`--json`) alone; everything for people goes to standard error. */
export interface Output {
  readonly json: boolean;
  /** One line of newline-delimited JSON; nothing without `--json`. */
  emit(value: unknown): void;
  /** A line for people. With `--json` too: it goes to standard error. */
  say(text: string): void;
}

export function createOutput(json: boolean): Output {
  return {
    json,
    emit: (value) => {
      if (json) writeWhole(1, `${JSON.stringify(value)}\n`);
    },
    say: (text) => writeWhole(2, `${text}\n`),
  };
}

/** What went wrong, and on the next line what to do about it. */
export function sayError(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  writeWhole(2, `descent: ${message}\n`);
  if (error instanceof DescentError && error.remedy) writeWhole(2, `  ${error.remedy}\n`);
  if (!(error instanceof DescentError) && error instanceof Error && process.env.DESCENT_LOG) {
    writeWhole(2, `${error.stack}\n`);
  }
}

// Not process.stdout.write: what it holds back for a slow pipe is lost by process.exit.
function writeWhole(descriptor: number, text: string): void {
  let rest: Uint8Array = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EPIPE') return;
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
