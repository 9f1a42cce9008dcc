import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/**
 * Runs the examples of a document of docs/: its blocks of TypeScript that check themselves with `assert`, each under the heading
 * before it. `directory` is the test's own, two folders below tests/: there packages and sources are found.
 */
export function runExamples(document: string, directory: string, count: number): void {
  const path = join(import.meta.dirname, '../../docs', document);
  const parts = [...readFileSync(path, 'utf8').matchAll(/^#{2,3} (.+)$|^```ts\n([\s\S]*?)^```$/gm)];
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(directory, '.examples-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  describe(`the examples of docs/${basename(document)} run`, () => {
    let title = '';
    let found = 0;
    for (const [, heading, source] of parts) {
      if (heading !== undefined) title = heading;
      if (!source?.includes('assert.')) continue;
      const file = `example-${found++}.ts`;
      it(title, async () => {
        const example = join(folder, file);
        await writeFile(example, source.replaceAll("from '../src/", "from '../../../../src/"));
        await import(/* @vite-ignore */ example);
      });
    }
    it('are all there', () => expect(found).toBe(count));
  });
}
