import { badKerasFile, otherFile } from './damaged';
import type { Hdf5Dataset, Hdf5File } from './hdf5-file';
import { flatWeights, legacyWeights, type OwnedWeight, type WeightOwner } from './weight-owners';
import {
  fits,
  otherModel,
  pair,
  type StoredWeights,
  shapesText,
  type WeightAssignment,
  type WeightPlan,
} from './weight-plan';

interface LegacyLayer extends StoredWeights {
  /** As the file names them: `conv1/kernel:0`. */
  weightNames: readonly string[];
}

/** Where a legacy file keeps its layers: at the top, or in `model_weights` of a whole model; undefined: it is none. */
export function legacyRoot(file: Hdf5File): string | undefined {
  return ['', 'model_weights'].find((root) => file.texts(root, 'layer_names') !== undefined);
}

function readLayers(file: Hdf5File, root: string): LegacyLayer[] {
  const names = file.texts(root, 'layer_names') ?? [];
  return names.map((name) => {
    const group = root === '' ? name : `${root}/${name}`;
    if (!file.isGroup(group))
      throw badKerasFile(file.file, `the layer ${name} is listed but not there`, otherFile);
    const weightNames = file.texts(group, 'weight_names') ?? [];
    return { name, weightNames, datasets: weightNames.map((weight) => file.dataset(`${group}/${weight}`)) };
  });
}

/**
 * Plans what `Model.load_weights` of a legacy HDF5 file does.
 * Source of the format: keras/src/saving/legacy/hdf5_format.py.
 * @param byName by the names of the layers; else by their order, as Keras does by default
 * @throws DescentError `bad-input` naming file and layer, with expected and found shapes
 */
export function planLegacyWeights(
  file: Hdf5File,
  root: string,
  owners: readonly WeightOwner[],
  byName: boolean,
): WeightPlan {
  const stored = readLayers(file, root).filter(({ datasets }) => datasets.length > 0);
  const wanting = owners.filter((owner) => flatWeights(owner).length > 0);
  return byName ? planByName(file, stored, wanting) : planByOrder(file, stored, wanting);
}

function planByOrder(
  file: Hdf5File,
  stored: readonly LegacyLayer[],
  wanting: readonly WeightOwner[],
): WeightPlan {
  if (stored.length !== wanting.length) {
    const differs = wanting.findIndex((owner, index) => {
      const layer = stored[index];
      return !layer || !fits(legacyWeights(owner), orderOf(owner, layer));
    });
    const first = differs < 0 ? wanting.length : differs;
    const [owner, layer] = [wanting[first], stored[first]];
    throw badKerasFile(
      file.file,
      `the model has ${wanting.length} layers with weights, the file ${stored.length}; they differ from ` +
        `${owner ? `the layer ${owner.name} ${shapesText(flatWeights(owner))}` : 'the model’s end'} on, where the file holds ` +
        (layer ? `${layer.name} ${shapesText(layer.datasets)}` : 'nothing more'),
      otherModel,
    );
  }
  return {
    assignments: wanting.flatMap((owner, index) => assign(file, owner, stored[index]!)),
    unused: [],
  };
}

function planByName(
  file: Hdf5File,
  stored: readonly LegacyLayer[],
  wanting: readonly WeightOwner[],
): WeightPlan {
  const layers = new Map(stored.map((layer) => [layer.name, layer]));
  const assignments = wanting.flatMap((owner) => {
    const layer = layers.get(owner.name);
    if (!layer) {
      throw badKerasFile(
        file.file,
        `there are no weights of the layer ${owner.name}, which wants ${shapesText(flatWeights(owner))}`,
        otherModel,
      );
    }
    layers.delete(owner.name);
    return assign(file, owner, layer);
  });
  return { assignments, unused: [...layers.keys()] };
}

function assign(file: Hdf5File, owner: WeightOwner, layer: LegacyLayer): WeightAssignment[] {
  return pair(file, owner, legacyWeights(owner), { name: layer.name, datasets: orderOf(owner, layer) });
}

/**
 * A layer's stored weights in the order of `legacyWeights`. Keras writes what was trained first, so the order in nested
 * models depends on what was frozen when they were stored: names tell it, else the shapes of an all-frozen model do.
 */
function orderOf(owner: WeightOwner, layer: LegacyLayer): readonly Hdf5Dataset[] {
  if (!owner.children) return layer.datasets;
  const weights = legacyWeights(owner);
  const named = byLastNames(weights, layer);
  if (named) return named;
  const frozen = flatWeights(owner);
  if (fits(weights, layer.datasets) || !fits(frozen, layer.datasets)) return layer.datasets;
  return weights.map((weight) => layer.datasets[frozen.indexOf(weight)]!);
}

/** By `<layer>/<weight>`, where these are the same set on both sides. */
function byLastNames(weights: readonly OwnedWeight[], layer: LegacyLayer): Hdf5Dataset[] | undefined {
  const datasets = new Map(
    layer.weightNames.map((name, index) => [
      name.replace(/:\d+$/, '').split('/').slice(-2).join('/'),
      layer.datasets[index]!,
    ]),
  );
  if (datasets.size !== layer.datasets.length || datasets.size !== weights.length) return undefined;
  const found = weights.map(({ name }) => datasets.get(name));
  return found.every((dataset) => dataset !== undefined) ? found : undefined;
}
