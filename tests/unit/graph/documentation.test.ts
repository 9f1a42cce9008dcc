import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const documentation = join(import.meta.dirname, '../../../docs/graph.md');
const examples = [...readFileSync(documentation, 'utf8').matchAll(/^## (.+)$|^```ts\n([\s\S]*?)^```$/gm)];

let directory: string;
beforeAll(async () => {
  // Inside the project, so that packages and sources are found.
  directory = await mkdtemp(join(import.meta.dirname, '.examples-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('the examples of docs/graph.md run', () => {
  let title = '';
  let count = 0;
  for (const [, heading, source] of examples) {
    if (heading !== undefined) title = heading;
    if (source === undefined) continue;
    const file = `example-${count++}.ts`;
    it(title, async () => {
      const path = join(directory, file);
      await writeFile(path, source.replaceAll("from '../src/", "from '../../../../src/"));
      await import(/* @vite-ignore */ path);
      expect(source).toContain('assert.');
    });
  }
  it('are all there', () => expect(count).toBe(7));
});
