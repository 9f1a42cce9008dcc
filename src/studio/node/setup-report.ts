import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { applicationDirectory } from '../../files/node/application-directory';

/** What set-up wrote down in node_modules/.descent/setup.json, as far as it concerns the studio. */
const setupReport = z.object({
  electron: z.object({ path: z.string(), version: z.string(), old: z.boolean() }).nullable(),
  missing: z.array(z.object({ part: z.string(), remedy: z.string() })),
});
export type SetupReport = z.infer<typeof setupReport>;

/** The report of this folder's set-up; undefined when there was none (a packaged application). */
export function readSetupReport(): SetupReport | undefined {
  const path = join(applicationDirectory(), 'node_modules', '.descent', 'setup.json');
  if (!existsSync(path)) return undefined;
  return setupReport.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data;
}
