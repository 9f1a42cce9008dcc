import type { WordPieceSettings } from '../../../contract/word-piece';
import { isChinese, isControl, isMark, isPunctuation, isWhitespace } from './character-classes';

/** What a BERT model takes, each of one length. */
export interface EncodedPieces {
  /** [CLS] text [SEP], or [CLS] text [SEP] second [SEP]; then padding. */
  ids: Int32Array;
  /** 1 where a piece stands, 0 for padding. */
  mask: Int32Array;
  /** 0: the first text and padding; 1: the second text with its [SEP]. */
  types: Int32Array;
}

/** Words remembered with their pieces: a language repeats its words. */
const rememberedWords = 100_000;

/** The first letter of special tokens that may stand in a text as they are. */
const specialStart = '[';

/**
 * WordPiece as BERT has it: J. Devlin et al., "BERT: Pre-training of deep bidirectional transformers for language understanding",
 * 2018; the ids are those of Hugging Face's tokenizers (BertNormalizer, BertPreTokenizer, WordPiece, TemplateProcessing). Special
 * tokens that stand in a text are taken for what they are, as there.
 */
export class WordPieceTokenizer {
  private readonly ids: ReadonlyMap<string, number>;
  private readonly remembered = new Map<string, readonly number[]>();
  private readonly specials: RegExp;
  /** Of the longest entry, in UTF-16 units. */
  private readonly longest: number;

  /** @param vocabulary the piece of each id; holds all special tokens (`checkWordPiece`) */
  constructor(
    vocabulary: readonly string[],
    private readonly settings: WordPieceSettings,
  ) {
    // Of equal entries the last one holds, as where vocab.txt is read line by line.
    this.ids = new Map(vocabulary.map((piece, id) => [piece, id]));
    this.longest = vocabulary.reduce((length, piece) => Math.max(length, piece.length), 1);
    const { unknown, classify, separate, padding, mask } = settings.specialTokens;
    const names = [unknown, classify, separate, padding, mask].filter((name) => this.ids.has(name));
    const escaped = names.map((name) => name.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
    this.specials = new RegExp(`(${escaped.join('|')})`);
  }

  get paddingId(): number {
    return this.ids.get(this.settings.specialTokens.padding)!;
  }

  /** The pieces of a text without the special tokens around it, of any length. */
  pieces(text: string): number[] {
    const found: number[] = [];
    const whole = text.replaceAll(loneSurrogates, '\ufffd');
    if (!this.mayHoldSpecials(whole)) {
      this.append(whole, found);
      return found;
    }
    whole.split(this.specials).forEach((part, index) => {
      if (index % 2 === 1) found.push(this.ids.get(part)!);
      else this.append(part, found);
    });
    return found;
  }

  /**
   * A text, or a pair, as the model's inputs of `length` places. What is too long loses its end; of a pair the longer text first.
   * @param length at least 3, with a pair 4
   */
  encode(text: string, length: number, second?: string): EncodedPieces {
    const { classify, separate } = this.settings.specialTokens;
    const [begin, end] = [this.ids.get(classify)!, this.ids.get(separate)!];
    const ids = new Int32Array(length).fill(this.paddingId);
    const mask = new Int32Array(length);
    const types = new Int32Array(length);
    let first = this.pieces(text);
    let others = second === undefined ? undefined : this.pieces(second);
    if (others) {
      const [kept, keptOfSecond] = shares(first.length, others.length, length - 3);
      first = first.slice(0, kept);
      others = others.slice(0, keptOfSecond);
    } else first = first.slice(0, Math.max(0, length - 2));
    const row = [begin, ...first, end, ...(others ? [...others, end] : [])];
    ids.set(row);
    mask.fill(1, 0, row.length);
    if (others) types.fill(1, first.length + 2, row.length);
    return { ids, mask, types };
  }

  private mayHoldSpecials(text: string): boolean {
    const { specialTokens } = this.settings;
    const usual = Object.values(specialTokens).every((name) => name.startsWith(specialStart));
    return usual ? text.includes(specialStart) : true;
  }

  private append(text: string, found: number[]): void {
    for (const word of splitWords(text, this.settings)) {
      let pieces = this.remembered.get(word);
      if (!pieces) {
        pieces = this.split(word);
        if (this.remembered.size < rememberedWords) this.remembered.set(word, pieces);
      }
      for (const piece of pieces) found.push(piece);
    }
  }

  /** Again and again the longest piece that the rest of the word begins with. */
  private split(word: string): number[] {
    const { longestWord, continuation, specialTokens } = this.settings;
    const unknown = [this.ids.get(specialTokens.unknown)!];
    if (word.length > longestWord && [...word].length > longestWord) return unknown;
    const pieces: number[] = [];
    for (let start = 0; start < word.length; ) {
      const prefix = start === 0 ? '' : continuation;
      let end = Math.min(word.length, start + this.longest);
      let id: number | undefined;
      for (; end > start; end--) {
        id = this.ids.get(prefix + word.slice(start, end));
        if (id !== undefined) break;
      }
      if (id === undefined) return unknown;
      pieces.push(id);
      start = end;
    }
    return pieces;
  }
}

/** How many pieces of both texts stay: the longer one is cut to the shorter one's length, then both (strategy "longest first"). */
function shares(first: number, second: number, room: number): [number, number] {
  if (first + second <= room) return [first, second];
  const shorter = Math.min(first, second);
  let longer = Math.max(shorter, room - shorter);
  let least = shorter;
  if (least + longer > room) {
    least = Math.floor(room / 2);
    longer = least + (room % 2);
  }
  return first > second ? [longer, least] : [least, longer];
}

/** Normalised words and single punctuation marks. */
function splitWords(text: string, settings: WordPieceSettings): string[] {
  const words: string[] = [];
  let word = '';
  const finish = () => {
    if (word !== '') words.push(word);
    word = '';
  };
  for (const character of normalize(text, settings)) {
    const code = character.codePointAt(0)!;
    if (isWhitespace(code)) finish();
    else if (isPunctuation(code)) {
      finish();
      words.push(character);
    } else word += character;
  }
  finish();
  return words;
}

const loneSurrogates = /\p{Cs}/gu;
const beyondAscii = /[^\n -~]/;

function normalize(text: string, settings: WordPieceSettings): string {
  const { lowercase, stripAccents, spacesChinese } = settings;
  if (!beyondAscii.test(text)) return lowercase ? text.toLowerCase() : text;
  let clean = '';
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (isControl(code)) continue;
    clean += spacesChinese && isChinese(code) ? ` ${character} ` : character;
  }
  if (stripAccents) clean = withoutMarks(clean.normalize('NFD'));
  // Letter by letter: JavaScript writes a sigma at the end of a word in another way.
  return lowercase
    ? clean
        .split('\u03a3')
        .map((part) => part.toLowerCase())
        .join('\u03c3')
    : clean;
}

function withoutMarks(text: string): string {
  let kept = '';
  for (const character of text) if (!isMark(character.codePointAt(0)!)) kept += character;
  return kept;
}
