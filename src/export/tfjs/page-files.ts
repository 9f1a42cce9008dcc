import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DescentError } from '../../contract/errors';

/** Built by vite.page.config.ts. */
export const pageFiles = ['index.html', 'page.css', 'page.js'] as const;

/**
 * The folder with the built page: `page/` or `out/page/` beside, or above, the running program.
 * @throws DescentError when it was not built.
 */
export function findPageDirectory(start = dirname(process.argv[1] ?? process.cwd())): string {
  for (let directory = start; ; directory = dirname(directory)) {
    for (const candidate of [join(directory, 'page'), join(directory, 'out', 'page')]) {
      if (pageFiles.every((file) => existsSync(join(candidate, file)))) return candidate;
    }
    if (dirname(directory) === directory) break;
  }
  throw new DescentError(
    'internal',
    'The web page that goes with a TF.js export is missing from this installation.',
    {
      remedy: 'Run "npm run build".',
    },
  );
}
