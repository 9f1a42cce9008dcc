import type { DatasetSummary } from '../contract/dataset';
import { DescentError } from '../contract/errors';
import type { Hyperparameters } from '../contract/hyperparameters';
import type { ModelInput } from '../contract/metadata';
import { GloveCounter } from '../dataset/common/glove-vocabulary';
import { proposeHyperparameters } from '../dataset/common/proposal';
import { VocabularyCounter } from '../dataset/common/text';
import { TermCounter } from '../dataset/common/tf-idf';
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
      const column = summary.texts?.column;
      const fitted = await wordsOf(examples, hyperparameters, options, base);
      return { kind: 'texts', ...fitted, ...(column === undefined ? {} : { column }) };
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

/** More different terms in a text aren't looked at; its weightiest ones are. */
const mostTerms = 4096;

/** What the model has to know of the texts' words; learned from the training split: other splits must not be looked at. */
async function wordsOf(
  examples: ExampleTable,
  hyperparameters: Hyperparameters,
  options: PreparationOptions,
  base: Base | undefined,
): Promise<
  Pick<ModelInput & { kind: 'texts' }, 'vocabulary' | 'sequenceLength' | 'splitting' | 'weighting' | 'pieces'>
> {
  const { model, sequenceLength, vocabularySize, ngrams } = hyperparameters;
  if (model === 'tfidf') {
    const counter = await counted(new TermCounter(ngrams), examples, options);
    const { vocabulary, longest, inverseDocumentFrequencies } = counter.fit(vocabularySize);
    return {
      vocabulary,
      // One for the constant.
      sequenceLength: Math.min(longest, mostTerms) + 1,
      weighting: { ngrams, inverseDocumentFrequencies },
    };
  }
  const { texts } = base ?? {};
  if (texts && 'pieces' in texts) {
    const { vocabulary, pieces, longest } = texts;
    return { vocabulary, pieces, sequenceLength: Math.min(sequenceLength, longest) };
  }
  const counter = texts ? new GloveCounter(texts.words) : new VocabularyCounter();
  const vocabulary = (await counted(counter, examples, options)).vocabulary(vocabularySize);
  return { vocabulary, sequenceLength, ...(texts ? { splitting: texts.splitting } : {}) };
}

async function counted<Counter extends { add(text: string): void }>(
  counter: Counter,
  examples: ExampleTable,
  { onProgress, signal }: PreparationOptions,
): Promise<Counter> {
  const indices = examples.indices('train');
  for (let place = 0; place < indices.length; place++) {
    if (signal.aborted) throw new DescentError('cancelled', 'Cancelled.');
    counter.add(await examples.text(indices[place]!));
    onProgress('counting words', place + 1, indices.length);
  }
  return counter;
}
