import { badKerasFile } from './damaged';
import type { Hdf5Dataset, Hdf5File } from './hdf5-file';
import { flatWeights, type WeightOwner } from './weight-owners';
import { otherModel, pair, shapesText, type WeightAssignment, type WeightPlan } from './weight-plan';

/** Groups under which a model keeps its layers; the second in Keras 2.12 to 2.13. */
const layerGroups = ['layers', '_layer_checkpoint_dependencies'];

/** Whether the file has the layout of `.weights.h5` (also inside `.keras`). */
export function hasObjectWeights(file: Hdf5File): boolean {
  return layerGroups.some((group) => file.isGroup(group));
}

/**
 * Plans what Keras' saving_lib does: layers stand under `layers/<class in snake case>[_<number>]`, numbered by class in
 * the order of the model's layers; weights under `vars/<number>`, parts of wrappers and cells under their attributes.
 * Source of the format: keras/src/saving/saving_lib.py of Keras 2.15 and 3.
 * @param lenient whether layers that only the file has are left out
 * @throws DescentError `bad-input` naming file and layer, with expected and found shapes
 */
export function planObjectWeights(
  file: Hdf5File,
  owners: readonly WeightOwner[],
  lenient: boolean,
): WeightPlan {
  const unused: string[] = [];
  const assignments = planModel(file, '', owners, unused);
  if (unused.length > 0 && !lenient) {
    throw badKerasFile(
      file.file,
      `it holds weights of ${unused[0]}${unused.length > 1 ? ` and ${unused.length - 1} more layers` : ''}, which the model does not have`,
      otherModel,
    );
  }
  return { assignments, unused };
}

function planModel(
  file: Hdf5File,
  prefix: string,
  owners: readonly WeightOwner[],
  unused: string[],
): WeightAssignment[] {
  const group = layerGroups.map((name) => `${prefix}${name}`).find((name) => file.isGroup(name));
  const numbers = new Map<string, number>();
  const taken = new Set<string>();
  const assignments = owners.flatMap((owner) => {
    const base = snakeCase(owner.className);
    const number = numbers.get(base) ?? 0;
    numbers.set(base, number + 1);
    const name = number === 0 ? base : `${base}_${number}`;
    taken.add(name);
    if (flatWeights(owner).length === 0) return [];
    const place = `${group}/${name}`;
    if (group === undefined || !file.isGroup(place)) {
      throw badKerasFile(
        file.file,
        `there are no weights of the layer ${owner.name} (${prefix}layers/${name}), which wants ${shapesText(flatWeights(owner))}`,
        otherModel,
      );
    }
    if (owner.children) return planModel(file, `${place}/`, owner.children, unused);
    return pair(file, owner, owner.weights, { name: place, datasets: datasetsIn(file, place) });
  });
  if (group !== undefined) {
    for (const name of file.children(group))
      if (!taken.has(name) && holdsWeights(file, `${group}/${name}`)) unused.push(`${group}/${name}`);
  }
  return assignments;
}

/** Parts of a layer that have weights of their own, in the order in which the layer's weights count them. */
const parts = ['forward_layer', 'backward_layer', 'layer', 'cell'];

function datasetsIn(file: Hdf5File, place: string): Hdf5Dataset[] {
  const vars = `${place}/vars`;
  const own = file
    .children(vars)
    .filter((name) => file.isDataset(`${vars}/${name}`))
    .sort((a, b) => Number(a) - Number(b))
    .map((name) => file.dataset(`${vars}/${name}`));
  return [...own, ...parts.flatMap((part) => datasetsInPart(file, `${place}/${part}`))];
}

function datasetsInPart(file: Hdf5File, place: string): Hdf5Dataset[] {
  return file.isGroup(place) ? datasetsIn(file, place) : [];
}

/** A guard against groups that hold each other. */
const deepest = 20;

function holdsWeights(file: Hdf5File, place: string, depth = 0): boolean {
  if (file.isDataset(place)) return !place.includes('/seed_generator/');
  if (depth > deepest) return false;
  return file.children(place).some((name) => holdsWeights(file, `${place}/${name}`, depth + 1));
}

/** Keras' to_snake_case: Conv2D -> conv2d, BatchNormalization -> batch_normalization, ReLU -> re_lu. */
export function snakeCase(className: string): string {
  return className
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
