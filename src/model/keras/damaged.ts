import { DescentError } from '../../contract/errors';

/** The error about a Keras file that can't be read or does not fit. `what` is a clause without its full stop. */
export function badKerasFile(file: string, what: string, remedy?: string, cause?: unknown): DescentError {
  return new DescentError('bad-input', `${file}: ${what}.`, { subject: file, remedy, cause });
}

export const otherFile = 'Copy or download the file again, or save it anew with Keras.';
