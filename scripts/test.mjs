// `npm test`: formatting and lint, types, import directions, unit tests, then the whole journey in a real Chromium and a
// real Electron. Everything runs even if an earlier part fails; the last line counts the tests.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = realpathSync(dirname(dirname(fileURLToPath(import.meta.url))));
const results = join(root, 'test-results');
const unitReport = join(results, 'unit.json');
const journeyReport = join(results, 'e2e.json');

const program = (path) => join(root, 'node_modules', ...path.split('/'));

const steps = [
  { name: 'lint', args: [program('@biomejs/biome/bin/biome'), 'check', '.'] },
  { name: 'types (Node)', args: [program('typescript/bin/tsc'), '-p', 'tsconfig.node.json', '--noEmit'] },
  { name: 'types (page)', args: [program('vue-tsc/bin/vue-tsc.js'), '-p', 'tsconfig.web.json', '--noEmit'] },
  {
    name: 'import directions',
    args: [
      program('dependency-cruiser/bin/dependency-cruise.mjs'),
      '--config',
      '.dependency-cruiser.cjs',
      'src',
      'electron',
      'renderer',
    ],
  },
  { name: 'build', args: [join(root, 'scripts', 'build.mjs')] },
  {
    name: 'unit tests',
    report: unitReport,
    args: [
      program('vitest/vitest.mjs'),
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${unitReport}`,
    ],
  },
  {
    name: 'end to end',
    report: journeyReport,
    args: [join(root, 'scripts', 'e2e.mjs'), '--reporter=list,json'],
    env: { PLAYWRIGHT_JSON_OUTPUT_NAME: journeyReport },
  },
];

let running = null;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    running?.kill(signal);
    process.exit(signal === 'SIGINT' ? 130 : 143);
  });

function runStep({ name, args, env }) {
  return new Promise((settle) => {
    process.stdout.write(`\n== ${name}\n`);
    const started = Date.now();
    running = spawn(process.execPath, args, {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, NODE_OPTIONS: '', ...env },
    });
    running.on('exit', (status) => {
      running = null;
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      process.stdout.write(`== ${name}: ${status === 0 ? 'passed' : 'FAILED'} (${seconds} s)\n`);
      settle(status === 0);
    });
  });
}

function countTests(path) {
  if (!existsSync(path)) return { passed: 0, failed: 0, skipped: 0 };
  const report = JSON.parse(readFileSync(path, 'utf8'));
  if (report.stats) {
    const { expected, flaky, unexpected, skipped } = report.stats;
    return { passed: expected + flaky, failed: unexpected, skipped };
  }
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

mkdirSync(results, { recursive: true });
for (const path of [unitReport, journeyReport]) rmSync(path, { force: true });

const only = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
for (const step of steps) {
  if (only.length > 0 && !only.some((word) => step.name.includes(word))) continue;
  const passed = await runStep(step);
  if (!passed) failures.push(step.name);
  const counts = step.report
    ? countTests(step.report)
    : { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 };
  // A runner that failed without a failed test (a crash, a broken configuration) is a failure all the same.
  if (!passed && counts.failed === 0) counts.failed = 1;
  for (const key of Object.keys(total)) total[key] += counts[key];
}
if (failures.length > 0) process.stdout.write(`\nFailed: ${failures.join(', ')}\n`);
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exitCode = failures.length > 0 ? 1 : 0;
