import { pino } from 'pino';

/** Where the studio writes what is of use to somebody who looks for a fault. */
export interface Logger {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export const silentLogger: Logger = pino({ enabled: false });

/** Lines for people who look for a fault, on standard error; DESCENT_LOG names the level (info, warn, error, silent). */
export function standardErrorLogger(): Logger {
  return pino({ level: process.env.DESCENT_LOG || 'warn' }, pino.destination({ dest: 2, sync: true }));
}
