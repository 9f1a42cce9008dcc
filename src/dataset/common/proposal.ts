import type { DatasetSummary } from '../../contract/dataset';
import { type Hyperparameters, hyperparameters, type PresetName } from '../../contract/hyperparameters';
import { batchSizeFor, type Choice } from './proposal-parts';
import { proposeForImages } from './propose-images';
import { proposeForTexts, textCandidates } from './propose-texts';

/** Hyper-parameters that suit what was found, or a model that is chosen already, and why in a sentence or two. */
export function proposeHyperparameters(
  summary: DatasetSummary,
  model?: PresetName,
): {
  hyperparameters: Hyperparameters;
  reason: string;
  /** Models that are best trained side by side, where none was chosen. */
  candidates?: { hyperparameters: Hyperparameters; reason: string }[];
} {
  const balance = proposeBalance(summary);
  const chosen =
    summary.kind === 'images'
      ? proposeForImages(summary, model)
      : summary.kind === 'texts'
        ? proposeForTexts(summary, model)
        : proposeForTable(summary);
  return {
    hyperparameters: hyperparameters.parse({
      ...chosen.values,
      ...balance.values,
      ...(model ? { model } : {}),
    }),
    reason: [chosen.reason, balance.reason].filter(Boolean).join(' '),
    ...(model === undefined && summary.kind === 'texts' && summary.splits.validation > 0
      ? {
          candidates: textCandidates(summary).map(({ values, reason }) => ({
            hyperparameters: hyperparameters.parse({ ...values, ...balance.values }),
            reason,
          })),
        }
      : {}),
  };
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
