import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { operationDefinition, parseDefinition } from '../../../src/graph/definitions/registry';
import { definitionTable } from '../../../src/graph/definitions/table';
import { pythonJudge, runPython } from '../../support/python-judge';

const judge = await pythonJudge();
const tablePath = join(import.meta.dirname, '../../../src/graph/definitions/table.ts');

it.skipIf(typeof judge === 'string')("is TensorFlow's own registry, word for word", async () => {
  const lines = definitionTable.trim().split('\n');
  const names = lines.map((line) => /^[\w>]+/.exec(line)![0]).sort();
  const directory = await mkdtemp(join(tmpdir(), 'descent-definitions-'));
  try {
    await writeFile(join(directory, 'names'), names.join('\n'));
    const program = await readFile(join(import.meta.dirname, 'support/describe_operations.py'), 'utf8');
    if (typeof judge === 'string') throw new Error(judge);
    const { stdout } = await runPython(judge, program, [join(directory, 'names')]);
    if (process.env.DESCENT_UPDATE_DEFINITIONS) {
      const source = await readFile(tablePath, 'utf8');
      const [head] = source.split('String.raw`');
      await writeFile(tablePath, `${head}String.raw\`\n${stdout.trim()}\n\`;\n`);
    } else expect(lines).toEqual(stdout.trim().split('\n'));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

it('reads types, lists, choices and defaults of a definition', () => {
  expect(
    parseDefinition(
      'Example! | values:N*T others:[Ts] one:int32 | out:T | N:int T:type=int32 Ts:list(type) mode:string{A,B}="A" text:string="a | b=\\n" sizes:list(int)=[1,2]',
    ),
  ).toEqual({
    name: 'Example',
    stateful: true,
    inputs: [
      { name: 'values', numberAttribute: 'N', typeAttribute: 'T' },
      { name: 'others', typeListAttribute: 'Ts' },
      { name: 'one', dtype: 'int32' },
    ],
    outputs: [{ name: 'out', typeAttribute: 'T' }],
    attributes: [
      { name: 'N', kind: 'int', optional: false },
      { name: 'T', kind: 'type', optional: true, defaultValue: 'int32' },
      { name: 'Ts', kind: 'list(type)', optional: false },
      { name: 'mode', kind: 'string', allowed: ['A', 'B'], optional: true, defaultValue: 'A' },
      { name: 'text', kind: 'string', optional: true, defaultValue: 'a | b=\n' },
      { name: 'sizes', kind: 'list(int)', optional: true, defaultValue: [1, 2] },
    ],
  });
});

it('says that an operation is not in the table', () => {
  expect(() => operationDefinition('MatMull')).toThrow('The operation MatMull is not in the table');
});
