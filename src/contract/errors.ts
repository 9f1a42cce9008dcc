/** What kind of failure this is; the command line maps it to an exit status, the interface to an icon. */
export type ErrorCode =
  | 'wrong-use'
  | 'not-found'
  | 'ambiguous'
  | 'bad-input'
  | 'busy'
  | 'cancelled'
  | 'engine-died'
  | 'non-finite'
  | 'unsupported'
  | 'out-of-space'
  | 'forbidden'
  | 'io'
  | 'internal';

export interface ErrorDetails {
  /** What the person can do about it, as a sentence. */
  remedy?: string;
  /** The file or value at fault. */
  subject?: string;
  cause?: unknown;
}

/** The shape in which an error crosses a process boundary. */
export interface ErrorMessage {
  code: ErrorCode;
  message: string;
  remedy?: string;
  subject?: string;
}

/** Every error that Descent raises on purpose: a sentence naming the thing and the cause, and a remedy. */
export class DescentError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string | undefined;
  readonly subject: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'DescentError';
    this.code = code;
    this.remedy = details.remedy;
    this.subject = details.subject;
  }

  toMessage(): ErrorMessage {
    const message: ErrorMessage = { code: this.code, message: this.message };
    if (this.remedy !== undefined) message.remedy = this.remedy;
    if (this.subject !== undefined) message.subject = this.subject;
    return message;
  }

  static fromMessage(message: ErrorMessage): DescentError {
    return new DescentError(message.code, message.message, {
      remedy: message.remedy,
      subject: message.subject,
    });
  }
}

/** Turns anything thrown into the shape that crosses a process boundary. */
export function toErrorMessage(error: unknown): ErrorMessage {
  if (error instanceof DescentError) return error.toMessage();
  if (error instanceof Error && error.name === 'AbortError')
    return { code: 'cancelled', message: 'Cancelled.' };
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
}
