import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DescentError } from '../../contract/errors';
import type { WordPieceSettings } from '../../contract/word-piece';

/** A BERT tokenizer: the piece of each id, and how texts become pieces. */
export interface WordPieceFiles {
  vocabulary: string[];
  settings: WordPieceSettings;
}

const usual: WordPieceSettings = {
  lowercase: true,
  stripAccents: true,
  spacesChinese: true,
  continuation: '##',
  longestWord: 100,
  specialTokens: {
    padding: '[PAD]',
    unknown: '[UNK]',
    classify: '[CLS]',
    separate: '[SEP]',
    mask: '[MASK]',
  },
};

const tokenName = z.union([
  z.string(),
  z.object({ content: z.string() }).transform(({ content }) => content),
]);

/** Hugging Face's tokenizer_config.json, of which BertTokenizer knows these. */
const tokenizerConfig = z.object({
  do_lower_case: z.boolean().optional(),
  strip_accents: z.boolean().nullish(),
  tokenize_chinese_chars: z.boolean().optional(),
  pad_token: tokenName.nullish(),
  unk_token: tokenName.nullish(),
  cls_token: tokenName.nullish(),
  sep_token: tokenName.nullish(),
  mask_token: tokenName.nullish(),
});

/** Hugging Face's tokenizer.json with BERT's parts. */
const tokenizerJson = z.object({
  normalizer: z.object({
    type: z.literal('BertNormalizer'),
    clean_text: z.literal(true),
    handle_chinese_chars: z.boolean(),
    strip_accents: z.boolean().nullable(),
    lowercase: z.boolean(),
  }),
  pre_tokenizer: z.object({ type: z.literal('BertPreTokenizer') }),
  model: z.object({
    // Absent in files of old versions.
    type: z.literal('WordPiece').optional(),
    unk_token: z.string(),
    continuing_subword_prefix: z.string(),
    max_input_chars_per_word: z.number(),
    vocab: z.record(z.string(), z.number().int()),
  }),
});

/**
 * Reads the tokenizer of a BERT folder: tokenizer.json, else vocab.txt (of a TF2 SavedModel: assets/vocab.txt), with
 * tokenizer_config.json where it is there. Where nothing says it, a vocabulary
 * without capital letters is lower-cased.
 *
 * @throws DescentError `not-found` without a vocabulary, `bad-input` or `unsupported` naming the file
 */
export async function readTokenizer(directory: string): Promise<WordPieceFiles> {
  const config = await readConfig(join(directory, 'tokenizer_config.json'));
  const vocabularyFile = ['vocab.txt', join('assets', 'vocab.txt')]
    .map((name) => join(directory, name))
    .find((path) => existsSync(path));
  const json = join(directory, 'tokenizer.json');
  if (existsSync(json)) return readTokenizerJson(json, config);
  if (!vocabularyFile)
    throw new DescentError('not-found', `There is neither tokenizer.json nor vocab.txt in ${directory}.`, {
      subject: directory,
      remedy: 'Put the vocabulary that the model was trained with beside its weights.',
    });
  const vocabulary = linesOf(await readFile(vocabularyFile, 'utf8'));
  const lowercase = config.do_lower_case ?? !vocabulary.some((piece) => /^[A-Z]/.test(piece));
  return checkWordPiece(vocabularyFile, {
    vocabulary,
    settings: {
      ...usual,
      lowercase,
      stripAccents: config.strip_accents ?? lowercase,
      spacesChinese: config.tokenize_chinese_chars ?? true,
      specialTokens: specialTokens(config),
    },
  });
}

/** Lines end in LF or CRLF; the last one needs no end. */
function linesOf(text: string): string[] {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

async function readTokenizerJson(
  path: string,
  config: z.infer<typeof tokenizerConfig>,
): Promise<WordPieceFiles> {
  const parsed = tokenizerJson.safeParse(await readJson(path));
  if (!parsed.success)
    throw new DescentError('unsupported', `${path} is no BERT tokenizer: ${z.prettifyError(parsed.error)}.`, {
      subject: path,
      remedy: 'Descent reads WordPiece tokenizers (BertNormalizer, BertPreTokenizer).',
    });
  const { normalizer, model } = parsed.data;
  const vocabulary: string[] = [];
  for (const [piece, id] of Object.entries(model.vocab)) vocabulary[id] = piece;
  for (let id = 0; id < vocabulary.length; id++) vocabulary[id] ??= '';
  return checkWordPiece(path, {
    vocabulary,
    settings: {
      lowercase: normalizer.lowercase,
      stripAccents: normalizer.strip_accents ?? normalizer.lowercase,
      spacesChinese: normalizer.handle_chinese_chars,
      continuation: model.continuing_subword_prefix,
      longestWord: model.max_input_chars_per_word,
      specialTokens: { ...specialTokens(config), unknown: model.unk_token },
    },
  });
}

function specialTokens(config: z.infer<typeof tokenizerConfig>): WordPieceSettings['specialTokens'] {
  return {
    padding: config.pad_token ?? usual.specialTokens.padding,
    unknown: config.unk_token ?? usual.specialTokens.unknown,
    classify: config.cls_token ?? usual.specialTokens.classify,
    separate: config.sep_token ?? usual.specialTokens.separate,
    mask: config.mask_token ?? usual.specialTokens.mask,
  };
}

async function readConfig(path: string): Promise<z.infer<typeof tokenizerConfig>> {
  if (!existsSync(path)) return {};
  const parsed = tokenizerConfig.safeParse(await readJson(path));
  if (parsed.success) return parsed.data;
  throw new DescentError('bad-input', `${path} can't be understood: ${z.prettifyError(parsed.error)}.`, {
    subject: path,
    remedy: 'Download the file again.',
  });
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new DescentError('bad-input', `${path} can't be read: ${(cause as Error).message}.`, {
      subject: path,
      remedy: 'Download the file again.',
      cause,
    });
  }
}

/** @throws DescentError `bad-input` when the vocabulary lacks a token that every text needs */
function checkWordPiece(path: string, files: WordPieceFiles): WordPieceFiles {
  const { padding, unknown, classify, separate } = files.settings.specialTokens;
  const known = new Set(files.vocabulary);
  const missing = [padding, unknown, classify, separate].filter((name) => !known.has(name));
  if (missing.length > 0)
    throw new DescentError(
      'bad-input',
      `${path} holds no ${missing.join(', no ')}: it is no BERT vocabulary.`,
      {
        subject: path,
        remedy: 'Take the vocabulary that the model was trained with.',
      },
    );
  return files;
}
