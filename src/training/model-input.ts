import type { DatasetSummary } from '../contract/dataset';
import { DescentError } from '../contract/errors';
import type { Hyperparameters } from '../contract/hyperparameters';
import type { ModelInput } from '../contract/metadata';
import { proposeHyperparameters } from '../dataset/common/proposal';
import { VocabularyCounter } from '../dataset/common/text';
import type { Dataset, ExampleTable } from '../dataset/node/example-table';
import type { Base } from '../model/bases/base';

export interface PreparationOptions {
  onProgress: (stage: string, done: number, total: number) => void;
  signal: AbortSignal;
}

/** How files, rows or texts of a data set become a model's input. */
export async function modelInputOf(
  { summary, examples }: Dataset,
  hyperparameters: Hyperparameters,
  options: PreparationOptions,
  base?: Base,
): Promise<ModelInput> {
  switch (summary.kind) {
    case 'images': {
      const size =
        hyperparameters.imageSize ||
        proposeHyperparameters(summary, hyperparameters.model).hyperparameters.imageSize;
      const { height = size, width = size, channels } = base?.pictures ?? {};
      return {
        kind: 'images',
        height,
        width,
        channels: base ? channelsForBase(hyperparameters, channels) : channelsOf(summary, hyperparameters),
      };
    }
    case 'table':
      return { kind: 'table', columns: columnsOf(summary, examples) };
    case 'texts': {
      const vocabulary = await vocabularyOf(examples, hyperparameters.vocabularySize, options);
      const { sequenceLength } = hyperparameters;
      const column = summary.texts?.column;
      return { kind: 'texts', vocabulary, sequenceLength, ...(column === undefined ? {} : { column }) };
    }
  }
}

function channelsOf(summary: DatasetSummary, { colorMode }: Hyperparameters): 1 | 3 {
  if (colorMode === 'auto') return summary.images?.grayscale ? 1 : 3;
  return colorMode === 'grayscale' ? 1 : 3;
}

/** Grey pictures are read as coloured ones, which bases are trained on; `grayscale` takes the colours away. */
function channelsForBase({ colorMode }: Hyperparameters, wanted: 1 | 3 = 3): 1 | 3 {
  return colorMode === 'grayscale' ? 1 : wanted;
}

function columnsOf(summary: DatasetSummary, examples: ExampleTable) {
  const columns = examples.table?.columns ?? [];
  if (columns.length === 0)
    throw new DescentError('bad-input', `${summary.path} has no column to learn from.`, {
      subject: summary.path,
      remedy: 'Give at least one column the role numeric or categorical.',
    });
  return columns;
}

/** The most frequent words of the training split; other splits must not be looked at. */
async function vocabularyOf(
  examples: ExampleTable,
  size: number,
  { onProgress, signal }: PreparationOptions,
): Promise<string[]> {
  const counter = new VocabularyCounter();
  const indices = examples.indices('train');
  for (let place = 0; place < indices.length; place++) {
    if (signal.aborted) throw new DescentError('cancelled', 'Cancelled.');
    counter.add(await examples.text(indices[place]!));
    onProgress('counting words', place + 1, indices.length);
  }
  return counter.vocabulary(size);
}
