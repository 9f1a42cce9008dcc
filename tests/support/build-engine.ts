import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build as bundle } from 'vite';

const root = resolve(import.meta.dirname, '../..');
const cache = join(root, 'node_modules', '.cache', 'descent-test');

const entries = { engine: 'src/engine/entry.ts', cli: 'src/cli/entry.ts' } as const;
type ProgramName = keyof typeof entries;
const builds = new Map<ProgramName, Promise<string>>();

/**
 * Builds the engine (or the command line) as the product does: one CommonJS file, packages outside of it. Kept by the
 * hash of all sources, so that test files share it. Returns the file's path.
 */
export function buildProgram(name: ProgramName): Promise<string> {
  // Once a test file: its tests then run the same program, also while somebody edits the sources.
  let built = builds.get(name);
  if (!built) {
    built = build(name);
    builds.set(name, built);
  }
  return built;
}

async function build(name: ProgramName): Promise<string> {
  const directory = join(cache, `${name}-${hashSources()}`);
  const program = join(directory, `${name}.cjs`);
  if (existsSync(program)) return program;
  const temporary = `${directory}.${process.pid}`;
  await bundle({
    configFile: false,
    root,
    logLevel: 'error',
    ssr: { noExternal: true },
    build: {
      ssr: join(root, entries[name]),
      outDir: temporary,
      target: 'node16',
      minify: false,
      rollupOptions: {
        external: externalPackages(),
        output: { format: 'cjs', entryFileNames: `${name}.cjs`, chunkFileNames: 'chunks/[name]-[hash].cjs' },
      },
    },
  });
  try {
    renameSync(temporary, directory);
  } catch (error) {
    // Another test file was faster.
    rmSync(temporary, { recursive: true, force: true });
    if (!existsSync(program)) throw error;
  }
  return program;
}

export const buildEngine = (): Promise<string> => buildProgram('engine');

/** As electron.vite.config.ts: everything but what a CommonJS bundle can't `require`. */
function externalPackages(): RegExp[] {
  const description = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const bundled = new Set(['zod', '@msgpack/msgpack', 'env-paths', 'p-limit', 'p-queue']);
  return Object.keys(description.dependencies)
    .filter((name) => !bundled.has(name))
    .map((name) => new RegExp(`^${name}(/|$)`));
}

function hashSources(): string {
  const hash = createHash('sha256');
  const source = join(root, 'src');
  const files = readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const file of files) hash.update(file).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex').slice(0, 16);
}
