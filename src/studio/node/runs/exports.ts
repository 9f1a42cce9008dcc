import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type ExportResult, exportResult } from '../../../contract/export';
import { writeFileAtomically } from '../../../files/node/atomic';
import { withLock } from '../../../files/node/lock';

const listFile = z.array(exportResult);

function listPath(runDirectory: string): string {
  return join(runDirectory, 'exports', 'exports.json');
}

/** The exports of a run that are still where they were written, the newest first. */
export async function listExports(runDirectory: string): Promise<ExportResult[]> {
  let text: string;
  try {
    text = await readFile(listPath(runDirectory), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return listFile.parse(JSON.parse(text)).filter(({ path }) => existsSync(path));
}

/** Writes down an export; an earlier one at the same place is replaced. */
export async function rememberExport(runDirectory: string, result: ExportResult): Promise<void> {
  const path = listPath(runDirectory);
  await withLock(path, async () => {
    const others = (await listExports(runDirectory)).filter((known) => known.path !== result.path);
    await writeFileAtomically(path, `${JSON.stringify([result, ...others], undefined, 2)}\n`);
  });
}
