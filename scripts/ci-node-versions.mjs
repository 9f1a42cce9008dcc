// Trains one epoch of the digits sample on every Node that Descent promises to run on. The programs come out of npm's
// packages `node-<system>-<processor>`, which carry them, and are kept in the user cache.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirectory, publish } from './lib/cache.mjs';
import { run, runNpm } from './lib/run.mjs';
import { lastWords, say } from './lib/say.mjs';

const root = realpathSync(dirname(dirname(fileURLToPath(import.meta.url))));
const cache = cacheDirectory();
const MINUTE = 60_000;
const versions = process.argv.slice(2).length > 0 ? process.argv.slice(2) : ['20', '22', '24', '26'];
const system = { win32: 'win' }[process.platform] ?? process.platform;
const packageName = `node-${system}-${process.arch}`;

/** The program of that major version: this one, the cached one, or one fetched now. */
async function nodeProgram(version) {
  if (process.versions.node.split('.')[0] === version) return process.execPath;
  const name = join('node', `${packageName}-${version}`);
  const program = join(
    cache,
    name,
    'node_modules',
    packageName,
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  );
  if (existsSync(program)) return program;
  await publish(cache, name, async (staging) => {
    writeFileSync(join(staging, 'package.json'), '{"private": true}\n');
    const answer = await runNpm(
      [
        'install',
        '--ignore-scripts',
        '--no-audit',
        '--no-fund',
        '--loglevel=error',
        `${packageName}@${version}`,
      ],
      {
        cwd: staging,
        timeout: 10 * MINUTE,
        env: { ...process.env, npm_config_local_prefix: staging, INIT_CWD: staging },
      },
    );
    if (!answer.ok) throw new Error(lastWords(answer.output));
  });
  return program;
}

async function descent(program, args, environment) {
  return run(program, [join(root, 'out', 'main', 'cli.cjs'), ...args], {
    cwd: root,
    timeout: 10 * MINUTE,
    env: { ...process.env, DESCENT_NODE: program, ...environment },
  });
}

/** Trains one epoch; returns what is wrong, or null. */
async function trainOneEpoch(program, digits, library, environment) {
  const answer = await descent(
    program,
    ['train', digits, '--epochs', '1', '--json', '--library', library],
    environment,
  );
  if (!answer.ok)
    return `descent train ended with ${answer.signal ?? answer.status}: ${lastWords(answer.output, 3)}`;
  const last = JSON.parse(answer.stdout.trim().split('\n').at(-1));
  if (last.type !== 'done') return `the last line is of type ${last.type}`;
  const environmentOfRun = JSON.parse(readFileSync(join(last.path, 'run.json'), 'utf8')).environment;
  const accuracy = last.summary.val_accuracy;
  if (!(accuracy > 0.8)) return `the validation accuracy is ${accuracy}`;
  say(`  ${environmentOfRun?.engine ?? '?'} engine: validation accuracy ${accuracy.toFixed(4)}`);
  return null;
}

const work = mkdtempSync(join(tmpdir(), 'descent-nodes-'));
let passed = 0;
let failed = 0;
try {
  const digits = join(work, 'digits');
  const written = await descent(process.execPath, [
    'sample',
    'digits',
    digits,
    '--library',
    join(work, 'library'),
  ]);
  if (!written.ok) throw new Error(`descent sample failed: ${lastWords(written.output, 3)}`);
  for (const version of versions) {
    let reason;
    try {
      const program = await nodeProgram(version);
      const answer = await run(program, ['--version']);
      say(`Node ${answer.stdout.trim()}`);
      const library = join(work, `library-${version}`);
      mkdirSync(library);
      reason = await trainOneEpoch(program, digits, library, {});
    } catch (error) {
      reason = error.message;
    }
    if (reason === null) passed++;
    else {
      failed++;
      say(`Node ${version}: ${reason}`);
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.stdout.write(`Node versions: ${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
