import type { HistogramItem } from '../contract/frames';
import { histogramBuckets } from '../contract/histogram';
import type { LayerSummary } from '../contract/run';
import type { NamedTensor } from './named-tensor';

/** Keras' callback logs a weight as `<layer>/<weight>_0`. */
function tagOf(name: string): string {
  return `${name}_0`;
}

export function weightHistograms(
  weights: readonly NamedTensor[],
  gradients: readonly NamedTensor[] | undefined,
): HistogramItem[] {
  const item = (tag: string, { values }: NamedTensor): HistogramItem => {
    const { buckets, nonFinite } = histogramBuckets(values);
    return { tag, buckets, nonFinite };
  };
  return [
    ...weights.map((weight) => item(tagOf(weight.name), weight)),
    ...(gradients ?? []).map((gradient) => item(`gradients/${tagOf(gradient.name)}`, gradient)),
  ];
}

/** Weights of frozen layers stay as they are: one histogram says all, and those of a pretrained base take long. */
export class FrozenWeights {
  private readonly recorded = new Set<string>();

  /** Without those of frozen layers that it gave before. */
  leaveOut(weights: readonly NamedTensor[], layers: readonly LayerSummary[]): NamedTensor[] {
    const frozen = new Set(layers.flatMap(({ name, trainable }) => (trainable ? [] : [name])));
    return weights.filter(({ name }) => {
      if (!frozen.has(name.slice(0, name.lastIndexOf('/')))) {
        this.recorded.delete(name);
        return true;
      }
      if (this.recorded.has(name)) return false;
      this.recorded.add(name);
      return true;
    });
  }
}
