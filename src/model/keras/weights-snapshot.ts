import { badKerasFile, otherFile } from './damaged';
import type { Hdf5Dataset, Hdf5File } from './hdf5-file';

/** States of the optimizer are no weights of the model. */
const leftOut = new Set(['optimizer_weights', 'optimizer']);

/** Groups deeper than this are taken for damage: groups that hold each other. */
const deepest = 60;

/**
 * All weights of a file in memory, so that the file can be closed.
 * @throws DescentError `bad-input` naming what is damaged
 */
export function snapshotOf(file: Hdf5File): Hdf5File {
  const groups = new Map<string, { children: string[]; texts: Map<string, string[]> }>();
  const datasets = new Map<string, Hdf5Dataset>();
  const walk = (path: string, depth: number): void => {
    if (file.isDataset(path)) {
      const { shape, read } = file.dataset(path);
      const values = read();
      datasets.set(path, { path, shape, read: () => values });
      return;
    }
    if (depth > deepest || !file.isGroup(path)) return;
    const texts = new Map<string, string[]>();
    for (const name of ['layer_names', 'weight_names']) {
      const found = file.texts(path, name);
      if (found) texts.set(name, found);
    }
    const children = file.children(path).filter((name) => !leftOut.has(name));
    groups.set(path, { children, texts });
    for (const name of children) walk(path === '' ? name : `${path}/${name}`, depth + 1);
  };
  walk('', 0);
  return {
    file: file.file,
    children: (path) => groups.get(path)?.children ?? [],
    isGroup: (path) => groups.has(path),
    isDataset: (path) => datasets.has(path),
    text: (path, name) => groups.get(path)?.texts.get(name)?.[0],
    texts: (path, name) => groups.get(path)?.texts.get(name),
    dataset: (path) => {
      const found = datasets.get(path);
      if (!found) throw badKerasFile(file.file, `there is no weight /${path}`, otherFile);
      return found;
    },
    close: () => undefined,
  };
}
