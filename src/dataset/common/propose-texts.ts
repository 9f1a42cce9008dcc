import type { DatasetSummary } from '../../contract/dataset';
import type { PresetName } from '../../contract/hyperparameters';
import { settingsForBert } from './bert-settings';
import { batchSizeFor, type Choice } from './proposal-parts';

/** A candidate ends when its validation loss was not better for so many epochs. */
const patience = 5;

/**
 * The models for texts that train in seconds to minutes on a processor, the one that mostly wins first. Which one does on
 * these texts can't be told from their number or length: they are trained side by side.
 */
export function textCandidates(summary: DatasetSummary): Choice[] {
  const { train } = summary.splits;
  const common = {
    batchSize: batchSizeFor(train, 32),
    epochs: epochsFor(train),
    earlyStoppingPatience: patience,
  };
  const sequenceLength = lengthFor(summary);
  return [
    {
      values: { ...common, model: 'tfidf', learningRate: 0.05, vocabularySize: 50_000 },
      reason:
        'TF-IDF weighs each word by how often it stands in a text and how rare it is in the others: quick, and hard to beat where single words tell.',
    },
    {
      values: { ...common, model: 'glove', learningRate: 0.02, dropout: 0, sequenceLength },
      reason:
        'GloVe’s word vectors know from billions of words which are alike, so few examples go a long way.',
    },
    {
      values: { ...common, model: 'text-bag', learningRate: 0.005, sequenceLength },
      reason: 'A bag of words learns vectors of its own for what your texts speak of.',
    },
  ];
}

/** The settings of a model for texts; when none is chosen, of the first candidate. */
export function proposeForTexts(summary: DatasetSummary, model?: PresetName): Choice {
  if (model === 'bert') {
    const values = settingsForBert(summary, { sequenceLength: lengthFor(summary) }, {});
    return {
      values,
      reason: `A head on a frozen BERT, which reads the first ${values.sequenceLength} pieces of words of each text once.`,
    };
  }
  const candidates = textCandidates(summary);
  const chosen = candidates.find(({ values }) => values.model === (model ?? 'tfidf'));
  if (!chosen) {
    const { train } = summary.splits;
    const sequenceLength = lengthFor(summary);
    return {
      values: {
        batchSize: batchSizeFor(train, 32),
        epochs: epochsFor(train),
        learningRate: 0.005,
        sequenceLength,
      },
      reason: `The first ${sequenceLength} words of each text are read; half of the texts have at most ${median(summary)}.`,
    };
  }
  if (model || summary.splits.validation === 0) return chosen;
  const { train, validation } = summary.splits;
  const few = train < 1000 ? `With ${train} training texts each of three` : 'Each of three';
  return {
    values: chosen.values,
    reason: `${chosen.reason} ${few} cheap models can win: train all and let the ${validation} validation texts decide.`,
  };
}

function median({ texts }: DatasetSummary): number {
  return texts?.words.median ?? 0;
}

/** Half as many words again as half of the texts have. */
function lengthFor(summary: DatasetSummary): number {
  return [32, 64, 128, 256, 512].find((length) => length >= median(summary) * 1.5) ?? 512;
}

function epochsFor(examples: number): number {
  return examples > 10_000 ? 10 : examples > 1000 ? 20 : 40;
}
