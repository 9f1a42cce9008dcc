import type { DatasetSummary } from '../../contract/dataset';
import { type Hyperparameters, hyperparameters } from '../../contract/hyperparameters';

const largestSide = 128;
const usualSides = [32, 48, 64, 96, 128];

/** Hyper-parameters that suit what was found, and why in a sentence or two. */
export function proposeHyperparameters(summary: DatasetSummary): {
  hyperparameters: Hyperparameters;
  reason: string;
} {
  const balance = proposeBalance(summary);
  const chosen =
    summary.kind === 'images'
      ? proposeForImages(summary)
      : summary.kind === 'texts'
        ? proposeForTexts(summary)
        : proposeForTable(summary);
  return {
    hyperparameters: hyperparameters.parse({ ...chosen.values, ...balance.values }),
    reason: [chosen.reason, balance.reason].filter(Boolean).join(' '),
  };
}

interface Choice {
  values: Partial<Hyperparameters>;
  reason: string;
}

function proposeBalance(summary: DatasetSummary): Choice {
  const counts = summary.classes.map((entry) => entry.train).filter((count) => count > 0);
  if (summary.task !== 'classification' || counts.length < 2) return { values: {}, reason: '' };
  if (Math.max(...counts) / Math.min(...counts) <= 3) return { values: {}, reason: '' };
  return {
    values: { classWeights: 'balanced' },
    reason: 'The classes differ in size, so the rarer ones weigh more.',
  };
}

function proposeForImages(summary: DatasetSummary): Choice {
  const images = summary.images;
  const median = Math.min(images?.width.median ?? 0, images?.height.median ?? 0);
  const longest = Math.max(images?.width.median ?? 0, images?.height.median ?? 0);
  const tiny = longest <= 40;
  const gray = images?.grayscale ?? false;
  // Tiny pictures keep their own size; others take the nearest usual one that is not larger.
  const imageSize = tiny
    ? Math.max(8, longest)
    : (usualSides.filter((side) => side <= Math.max(median, 32)).at(-1) ?? largestSide);
  const glyphs = tiny && gray;
  const train = summary.splits.train;
  const values: Partial<Hyperparameters> = {
    model: 'small-cnn',
    imageSize,
    batchSize: batchSizeFor(train, train > 20_000 ? 64 : 32),
    epochs: train > 20_000 ? 5 : train > 4000 ? 10 : train > 1000 ? 15 : 25,
    ...(glyphs ? {} : { flipLeftRight: true, brightness: 0.2 }),
  };
  const size = `${imageSize} × ${imageSize} pixels`;
  const reason = glyphs
    ? `Small grey pictures like characters: a small convolutional network at ${size}, without mirroring, which would change what they mean.`
    : `A small convolutional network trained from the start, on pictures of ${size}, mirrored and changed in brightness so that it learns more from each.`;
  return { values, reason };
}

function proposeForTable(summary: DatasetSummary): Choice {
  const train = summary.splits.train;
  return {
    values: {
      model: 'mlp',
      batchSize: train > 100_000 ? 512 : train > 10_000 ? 128 : batchSizeFor(train, 32),
      epochs: train > 100_000 ? 5 : train > 10_000 ? 20 : train > 1000 ? 50 : 100,
      learningRate: train < 1000 ? 0.005 : 0.001,
      dropout: train < 1000 ? 0 : 0.1,
      hiddenUnits: train < 1000 ? 32 : 64,
    },
    reason: `Two hidden layers suit a table of ${train.toLocaleString('en-US')} training rows.`,
  };
}

function proposeForTexts(summary: DatasetSummary): Choice {
  const train = summary.splits.train;
  const median = summary.texts?.words.median ?? 0;
  const wanted = [32, 64, 128, 256, 512].find((length) => length >= median * 1.5) ?? 512;
  return {
    values: {
      model: 'text-bag',
      batchSize: batchSizeFor(train, 32),
      epochs: train > 10_000 ? 10 : train > 1000 ? 20 : 40,
      learningRate: 0.005,
      sequenceLength: wanted,
    },
    reason: `A bag of word embeddings over the first ${wanted} words; half of the texts have at most ${median}.`,
  };
}

/** At least eight steps an epoch, when there are enough examples for that. */
function batchSizeFor(examples: number, wanted: number): number {
  let size = wanted;
  while (size > 4 && examples / size < 8) size /= 2;
  return size;
}
