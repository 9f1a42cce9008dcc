import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { pythonEnvironment } from '../../support/python-judge';

export const root = resolve(import.meta.dirname, '../../..');

export const say = (text: string) => process.stderr.write(`${text}\n`);

/** One process of a contest: it reads a line of JSON and answers with one. */
export class Contestant {
  private readonly child: ChildProcessByStdio<Writable, Readable, null>;
  private readonly lines: AsyncIterator<string>;

  private constructor(
    readonly name: string,
    command: string,
    parameters: readonly string[],
    environment: NodeJS.ProcessEnv,
  ) {
    this.child = spawn(command, parameters, { env: environment, stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** A program as it is. */
  static program(name: string, command: string, parameters: readonly string[], environment = {}): Contestant {
    return new Contestant(name, command, parameters, { ...process.env, ...environment });
  }

  /** A TypeScript program of ours. */
  static node(name: string, script: string, parameters: readonly string[], environment = {}): Contestant {
    const runner = join(root, 'scripts/lib/run-typescript.mjs');
    return new Contestant(name, process.execPath, [runner, script, ...parameters], {
      ...process.env,
      ...environment,
    });
  }

  static python(
    name: string,
    python: string,
    script: string,
    parameters: readonly string[],
    environment = {},
  ): Contestant {
    return new Contestant(name, python, [script, ...parameters], {
      ...pythonEnvironment(),
      ...environment,
    });
  }

  async ask<Answer>(question: object): Promise<Answer> {
    this.child.stdin.write(`${JSON.stringify(question)}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`${this.name} ended before its answer.`);
    return JSON.parse(value) as Answer;
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = new Promise((settle) => this.child.once('exit', settle));
    this.child.stdin.end();
    await ended;
  }
}

/** The other side of `Contestant`: answers questions until there are no more. */
export async function serve<Question>(answer: (question: Question) => Promise<object>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin }))
    process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as Question))}\n`);
}

/** Every contestant in every round, each round begun by another one; a first round that doesn't count warms up. */
export async function interleave<Name extends string, Round>(
  contestants: Readonly<Record<Name, (round: number) => Promise<Round>>>,
  rounds: number,
): Promise<Record<Name, Round[]>> {
  const names = Object.keys(contestants) as Name[];
  const found = Object.fromEntries(names.map((name) => [name, [] as Round[]])) as Record<Name, Round[]>;
  for (let round = -1; round < rounds; round++)
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + Math.max(0, round)) % names.length]!;
      const taken = await contestants[name](round);
      if (round >= 0) found[name].push(taken);
    }
  return found;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
}

export interface Comparison {
  name: string;
  ours: number;
  peer: number;
  unit: string;
  /** ours / peer: smaller is better. */
  ratio: number;
}

export interface Report {
  bench: string;
  rounds: number;
  cases: readonly Comparison[];
}

/** `Measured on ...`: the machine, the day, and whether others kept it busy. */
export function measuredOn(): string {
  const load = loadavg()[0]!;
  const busy =
    load > 2 * cpus().length
      ? ': other programs kept the machine busy, so times are longer than on a quiet one and ratios of medians shake'
      : '';
  return `Measured on ${cpus().length} processors (${cpus()[0]?.model ?? 'unknown'}), ${new Date().toISOString().slice(0, 10)}, load ${load.toFixed(1)}${busy}.`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** docs/benchmarks/NAME.json and NAME.md. */
export async function writeReport(report: Report, markdown: string): Promise<void> {
  const directory = join(root, 'docs/benchmarks');
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, `${report.bench}.json`), `${JSON.stringify(report, null, 2)}\n`);
  await writeFile(join(directory, `${report.bench}.md`), markdown);
}
