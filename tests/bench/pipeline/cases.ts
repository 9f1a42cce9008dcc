import type { AugmentationSettings } from '../../../src/pipeline/augmentation';
import type { CacheMode } from '../../../src/pipeline/example-cache';

export const size = 160;
export const batchSize = 32;
export const shuffleBuffer = 10_000;

/** What happens to the pictures, on both sides. */
export const brightened = {
  flipLeftRight: true,
  brightness: 0.2,
  contrast: 0,
  rotation: 0,
  zoom: 0,
  crop: 0,
};
export const moved = { flipLeftRight: true, brightness: 0, contrast: 0.2, rotation: 20, zoom: 0.2, crop: 0 };

/** Data sets, as peer.py knows them too. */
export type DataSetName = 'cached' | 'plain' | 'moved';
export const dataSets: Record<DataSetName, { cache: CacheMode; augmentation: AugmentationSettings }> = {
  cached: { cache: 'memory', augmentation: brightened },
  plain: { cache: 'none', augmentation: brightened },
  moved: { cache: 'memory', augmentation: moved },
};

/** An epoch on both sides. */
export interface Case {
  name: string;
  ours: { dataSet: DataSetName; epoch: 'first' | 'later' };
  peer: { dataSet: DataSetName; epoch: 'first' | 'later' };
  /** Largest ratio of times that is aimed at. */
  aim?: number;
}

export const cases: readonly Case[] = [
  {
    name: 'first epoch, filling a cache',
    ours: { dataSet: 'cached', epoch: 'first' },
    peer: { dataSet: 'cached', epoch: 'first' },
    aim: 1,
  },
  {
    name: 'later epochs, from the cache; tf.data caches floats',
    ours: { dataSet: 'cached', epoch: 'later' },
    peer: { dataSet: 'cached', epoch: 'later' },
    aim: 0.8,
  },
  {
    name: 'later epochs, from the cache; tf.data caches nothing',
    ours: { dataSet: 'cached', epoch: 'later' },
    peer: { dataSet: 'plain', epoch: 'first' },
    aim: 0.8,
  },
  {
    name: 'every epoch without a cache, on both sides',
    ours: { dataSet: 'plain', epoch: 'first' },
    peer: { dataSet: 'plain', epoch: 'first' },
    aim: 1,
  },
  {
    name: 'later epochs with flip, rotation, zoom and contrast; Keras layers after a cache of floats',
    ours: { dataSet: 'moved', epoch: 'later' },
    peer: { dataSet: 'moved', epoch: 'later' },
  },
];
