import { badKerasFile } from './damaged';
import type { Hdf5Dataset, Hdf5File } from './hdf5-file';
import type { OwnedWeight, WeightOwner } from './weight-owners';

/** Which stored weight goes where. Nothing is written before all of it is known to fit. */
export interface WeightPlan {
  assignments: readonly WeightAssignment[];
  /** Names of what the file holds and the model does not take. */
  unused: readonly string[];
}

export interface WeightAssignment {
  /** The layer's name as messages give it. */
  layer: string;
  weight: OwnedWeight;
  dataset: Hdf5Dataset;
}

export interface StoredWeights {
  /** The layer's name in the file. */
  name: string;
  datasets: readonly Hdf5Dataset[];
}

export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

export function shapesText(items: readonly { shape: readonly number[] }[]): string {
  return items.map(({ shape }) => shapeText(shape)).join(' ');
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((side, index) => side === b[index]);
}

export function fits(weights: readonly OwnedWeight[], datasets: readonly Hdf5Dataset[]): boolean {
  return (
    weights.length === datasets.length &&
    weights.every((weight, index) => sameShape(weight.shape, datasets[index]!.shape))
  );
}

/**
 * Pairs a layer's weights with those of the file, in order.
 * @throws DescentError `bad-input` naming file and layer, with expected and found shapes
 */
export function pair(
  file: Hdf5File,
  owner: WeightOwner,
  weights: readonly OwnedWeight[],
  stored: StoredWeights,
): WeightAssignment[] {
  const called =
    owner.name === stored.name
      ? `the layer ${owner.name}`
      : `the layer ${owner.name} (${stored.name} in the file)`;
  if (weights.length !== stored.datasets.length) {
    throw badKerasFile(
      file.file,
      `${called} wants ${count(weights.length)} ${shapesText(weights)}, the file holds ${count(stored.datasets.length)} ${shapesText(stored.datasets)}`.trimEnd(),
      otherModel,
    );
  }
  return weights.map((weight, index) => {
    const dataset = stored.datasets[index]!;
    if (!sameShape(weight.shape, dataset.shape)) {
      throw badKerasFile(
        file.file,
        `${called}: ${weight.name} wants the shape ${shapeText(weight.shape)}, the file holds ${shapeText(dataset.shape)} (${dataset.path})`,
        otherModel,
      );
    }
    return { layer: owner.name, weight, dataset };
  });
}

export const otherModel = 'Take the weights of a model that was built in the same way.';

function count(weights: number): string {
  return weights === 1 ? '1 weight' : `${weights} weights`;
}

export function carryOut(plan: WeightPlan): void {
  for (const { weight, dataset } of plan.assignments) weight.assign(dataset.read());
}
