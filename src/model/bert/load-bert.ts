import { existsSync } from 'node:fs';
import { packNamed } from '../../contract/base-packs';
import { DescentError } from '../../contract/errors';
import type { Hyperparameters } from '../../contract/hyperparameters';
import { isPackInstalled, packDirectory } from '../../files/node/pack-directory';
import type { Base, BaseContext } from '../bases/base';
import { setBaseWeights } from '../bases/base-weights';
import type { BertConfig } from './bert-config';
import type { BertWeights } from './bert-weights';
import { applyEncoder, applyPooling, type BertPooling } from './encoder';
import {
  isHuggingFaceFolder,
  readHuggingFaceConfig,
  readHuggingFaceWeights,
  readSentencePooling,
} from './hugging-face';
import { readTokenizer } from './read-tokenizer';
import { isSavedModelFolder, readSavedModelBert } from './saved-model';

/**
 * A BERT encoder as a base of texts: from a folder of Hugging Face's (config.json, model.safetensors, vocab.txt or
 * tokenizer.json), a TF2 SavedModel (assets/vocab.txt), or an installed pack by its name.
 * @throws DescentError `not-found`, `bad-input` or `unsupported` naming the file
 */
export async function loadBert(hyperparameters: Hyperparameters, context: BaseContext): Promise<Base> {
  const directory = directoryOf(hyperparameters.base, context.cacheDirectory);
  context.onProgress('reading the pretrained base', 0, 1);
  const { vocabulary, settings } = await readTokenizer(directory);
  const { config, weights, hasPooler } = await readEncoder(directory);
  const pooling = await poolingOf(hyperparameters.pooling, directory, hasPooler);
  context.onProgress('reading the pretrained base', 1, 1);
  if (vocabulary.length > config.vocabularySize)
    throw new DescentError(
      'bad-input',
      `The vocabulary of ${directory} has ${vocabulary.length} pieces, the encoder ${config.vocabularySize}.`,
      { subject: directory, remedy: 'Take the vocabulary that the model was trained with.' },
    );
  const paddingId = vocabulary.lastIndexOf(settings.specialTokens.padding);
  const whole: BertConfig = { ...config, paddingId };
  return {
    texts: { vocabulary, pieces: settings, longest: config.positions },
    apply(ids) {
      const features = applyPooling(whole, applyEncoder(whole, ids), ids, pooling);
      if (context.weights === 'pretrained') setBaseWeights(features, weights, directory, []);
      return features;
    },
  };
}

function directoryOf(base: string, cacheDirectory: string): string {
  if (base === '')
    throw new DescentError('wrong-use', 'The model "bert" needs the folder of a pretrained encoder.', {
      subject: 'base',
      remedy:
        'Write --model bert:FOLDER (config.json, vocab.txt and model.safetensors, or a TF2 SavedModel), or --model bert:minilm after "descent base install minilm".',
    });
  const pack = packNamed(base);
  if (pack) {
    if (isPackInstalled(cacheDirectory, base)) return packDirectory(cacheDirectory, base);
    throw new DescentError('not-found', `The base "${base}" is not installed.`, {
      subject: base,
      remedy: `Run "descent base install ${base}".`,
    });
  }
  if (!existsSync(base))
    throw new DescentError('not-found', `There is no folder ${base}.`, {
      subject: base,
      remedy: 'Name the folder that holds config.json and model.safetensors, or saved_model.pb.',
    });
  return base;
}

async function readEncoder(directory: string): Promise<{ config: BertConfig } & BertWeights> {
  if (isHuggingFaceFolder(directory)) {
    const config = await readHuggingFaceConfig(directory);
    return { config, ...(await readHuggingFaceWeights(directory, config)) };
  }
  if (isSavedModelFolder(directory)) return readSavedModelBert(directory);
  throw new DescentError('not-found', `There is neither config.json nor saved_model.pb in ${directory}.`, {
    subject: directory,
    remedy: 'Name the folder of a BERT model of Hugging Face or of TensorFlow.',
  });
}

async function poolingOf(
  wanted: Hyperparameters['pooling'],
  directory: string,
  hasPooler: boolean,
): Promise<BertPooling> {
  if (wanted === 'mean') return 'mean';
  if (wanted === 'auto') {
    const stated = isHuggingFaceFolder(directory) ? await readSentencePooling(directory) : undefined;
    return stated ?? (hasPooler ? 'pooled' : 'mean');
  }
  if (hasPooler) return 'pooled';
  throw new DescentError('bad-input', `${directory} has no pooler, whose output is wanted.`, {
    subject: 'pooling',
    remedy: 'Set pooling to mean.',
  });
}
