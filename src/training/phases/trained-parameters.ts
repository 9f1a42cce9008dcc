import type { LayerSummary } from '../../contract/run';

/** How many numbers a phase trains: the weights of layers that are not frozen, without moving statistics. */
export function trainedParameters(layers: readonly LayerSummary[]): number {
  return layers
    .filter(({ trainable }) => trainable)
    .flatMap(({ weights }) => weights)
    .filter(({ name }) => !name.includes('moving_'))
    .reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
}
