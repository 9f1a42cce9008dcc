// `npm run bench -- live [--json] [--seconds N] [--steps N] [--screenshot FILE]`: the run page in real Chromium while a
// studio in a worker records 2,000 points a second (400 steps with five points each). Measured against an empty page and
// against plain ECharts that is given every point, all in the same run.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import vue from '@vitejs/plugin-vue';
import { build, runnerImport } from 'vite';
import { frameCosts, frameMilliseconds, recordFrames, summarize } from './measure.mjs';

const root = resolve(import.meta.dirname, '../../..');
const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '15' },
    steps: { type: 'string', default: '400' },
    screenshot: { type: 'string' },
  },
});
const milliseconds = Number(options.seconds) * 1000;
const warmUpMilliseconds = 3000;
const pages = ['empty', 'ours', 'plain'];

async function buildPages(outDir) {
  await build({
    configFile: false,
    root: join(root, 'tests/bench/page/live'),
    base: './',
    logLevel: 'error',
    plugins: [vue()],
    build: {
      outDir,
      emptyOutDir: true,
      target: 'chrome108',
      cssTarget: 'chrome108',
      rollupOptions: { input: pages.map((name) => join(root, `tests/bench/page/live/${name}.html`)) },
    },
    worker: { format: 'es' },
  });
}

async function measure(browser, url, name) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const failures = [];
  page.on('pageerror', (error) => failures.push(error.message));
  await page.goto(`${url}${name}.html?steps=${options.steps}`);
  if (name === 'ours') await page.waitForSelector('canvas');
  await page.waitForTimeout(warmUpMilliseconds);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const busy = async () =>
    (await session.send('Performance.getMetrics')).metrics.find((item) => item.name === 'TaskDuration').value;
  const before = await busy();
  const frames = await page.evaluate(recordFrames, milliseconds);
  const after = await busy();
  // A second, shorter look with a trace, which would disturb the first.
  await browser.startTracing(page, { categories: ['toplevel', 'cc', 'devtools.timeline', '__metadata'] });
  await page.evaluate(recordFrames, Math.min(5000, milliseconds));
  const trace = JSON.parse((await browser.stopTracing()).toString('utf8')).traceEvents;
  if (name === 'ours' && options.screenshot) await page.screenshot({ path: options.screenshot });
  await page.close();
  if (failures.length > 0) throw new Error(`The page "${name}" failed: ${failures[0]}`);
  const costs = frameCosts(trace);
  if (costs.length === 0) throw new Error(`Chromium's trace of the page "${name}" names no frames.`);
  return summarize(frames, costs, (after - before) / frames.seconds);
}

const say = (text) => process.stderr.write(`${text}\n`);
const outDir = mkdtempSync(join(tmpdir(), 'descent-bench-live-'));
try {
  const { module: chromium } = await runnerImport(join(root, 'tests/support/chromium.ts'));
  const { module: server } = await runnerImport(join(root, 'tests/support/static-server.ts'));
  say('Building the pages.');
  await buildPages(outDir);
  const served = await server.serveFolder(outDir);
  const browser = await chromium.launchChromium();
  const results = {};
  try {
    for (const name of pages) {
      say(`Measuring "${name}" for ${options.seconds} s.`);
      results[name] = await measure(browser, served.url, name);
    }
  } finally {
    await browser.close();
    await served.close();
  }
  report(results);
} finally {
  rmSync(outDir, { recursive: true, force: true });
}

function report({ ours, plain, empty }) {
  const ratio = (left, right) => (right > 0 ? left / right : null);
  const one = (name, key, peerName, peer, unit) => ({
    name: `${name}, against ${peerName}`,
    ours: ours[key],
    peer: peer[key],
    unit,
    ratio: ratio(ours[key], peer[key]),
  });
  const all = 'ECharts with every point';
  const cases = [
    one('frame time p50', 'p50', 'an empty page', empty, 'ms'),
    one('frame time p95', 'p95', 'an empty page', empty, 'ms'),
    one('frame time p95', 'p95', all, plain, 'ms'),
    one('frame time p99', 'p99', all, plain, 'ms'),
    one('frames missed', 'missed', 'an empty page', empty, 'share'),
    one('frames missed', 'missed', all, plain, 'share'),
    one('longest task', 'longestTask', all, plain, 'ms'),
    one('CPU time of a frame p95', 'cost95', all, plain, 'ms'),
    {
      name: 'CPU time of a frame p95, against one frame at 60 Hz',
      ours: ours.cost95,
      peer: frameMilliseconds,
      unit: 'ms',
      ratio: ours.cost95 / frameMilliseconds,
    },
  ];
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ bench: 'live', pointsPerSecond: Number(options.steps) * 5, seconds: Number(options.seconds), load: loadavg()[0] / cpus().length, cases, pages: { ours, plain, empty } })}\n`,
    );
    return;
  }
  if (loadavg()[0] > cpus().length)
    say(
      `Other programs keep this machine busy (load ${loadavg()[0].toFixed(1)} on ${cpus().length} processors): frame times suffer, CPU times little.`,
    );
  const cell = (text, width) => String(text).padStart(width);
  const fixed = (value, digits = 1) => value.toFixed(digits);
  const percent = (value) => `${(value * 100).toFixed(1)} %`;
  const rows = [
    ['', 'this page', 'all points', 'empty page'],
    ['frame time p50 (ms)', ...[ours, plain, empty].map((page) => fixed(page.p50))],
    ['frame time p95 (ms)', ...[ours, plain, empty].map((page) => fixed(page.p95))],
    ['frame time p99 (ms)', ...[ours, plain, empty].map((page) => fixed(page.p99))],
    ['longest frame (ms)', ...[ours, plain, empty].map((page) => fixed(page.largest))],
    ['frames a second', ...[ours, plain, empty].map((page) => fixed(page.framesPerSecond))],
    ['over 16.7 ms', ...[ours, plain, empty].map((page) => percent(page.over16_7))],
    ['missed (over 25 ms)', ...[ours, plain, empty].map((page) => percent(page.missed))],
    ['long tasks (over 50 ms)', ...[ours, plain, empty].map((page) => page.longTasks)],
    ['longest task (ms)', ...[ours, plain, empty].map((page) => fixed(page.longestTask))],
    ['main thread busy', ...[ours, plain, empty].map((page) => percent(page.busyShare))],
    ['CPU of a frame p50 (ms)', ...[ours, plain, empty].map((page) => fixed(page.cost50))],
    ['CPU of a frame p95 (ms)', ...[ours, plain, empty].map((page) => fixed(page.cost95))],
    ['CPU of a frame p99 (ms)', ...[ours, plain, empty].map((page) => fixed(page.cost99))],
    ['CPU over 16.7 ms', ...[ours, plain, empty].map((page) => percent(page.costOver))],
  ];
  process.stdout.write(`${Number(options.steps) * 5} points a second for ${options.seconds} s\n`);
  for (const [name, ...cells] of rows)
    process.stdout.write(`${name.padEnd(26)}${cells.map((text) => cell(text, 12)).join('')}\n`);
}
