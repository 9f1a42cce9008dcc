import type { HistogramItem } from '../contract/frames';
import { histogramBuckets } from '../contract/histogram';
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
