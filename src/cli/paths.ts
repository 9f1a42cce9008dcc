import { resolve } from 'node:path';

/** An absolute path; relative ones stand where the person stood when npm started us (INIT_CWD), else here. */
export function personPath(path: string): string {
  return resolve(process.env.INIT_CWD || process.cwd(), path);
}
