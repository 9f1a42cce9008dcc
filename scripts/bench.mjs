// `npm run bench -- NAME [--json]` runs tests/bench/NAME/bench.ts or bench.mjs; without a name it lists the benchmarks.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { say } from './lib/say.mjs';

const root = realpathSync(dirname(dirname(fileURLToPath(import.meta.url))));
const benches = join(root, 'tests', 'bench');
const [name, ...rest] = process.argv.slice(2);

const entryOf = (bench) =>
  ['bench.ts', 'bench.mjs'].map((file) => join(benches, bench, file)).find((path) => existsSync(path));
const known = existsSync(benches) ? readdirSync(benches).filter((bench) => entryOf(bench)) : [];

if (!name || !known.includes(name)) {
  if (name) say(`There is no benchmark "${name}".`);
  say(`Benchmarks: ${known.join(', ') || 'none'}.`);
  process.exitCode = 2;
} else {
  const entry = entryOf(name);
  const runner = entry.endsWith('.ts') ? [join(root, 'scripts', 'lib', 'run-typescript.mjs')] : [];
  const child = spawn(process.execPath, [...runner, entry, ...rest], { cwd: root, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (status) => process.exit(status ?? 1));
}
