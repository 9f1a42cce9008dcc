import { describe, expect, it } from 'vitest';
import { buildVocabulary, encodeText, indexVocabulary, splitWords } from '../../../src/dataset/common/text';

describe('splitWords', () => {
  it('lowers case and parts at everything but letters, digits and inner apostrophes', () => {
    expect(splitWords("Don’t PANIC, it's 42% 'quoted' e-mail!")).toEqual([
      "don't",
      'panic',
      "it's",
      '42',
      'quoted',
      'e',
      'mail',
    ]);
  });

  it('keeps letters of any script, and their marks, together', () => {
    expect(splitWords('Größe ЁЖИК नमस्ते 한국어')).toEqual(['größe', 'ёжик', 'नमस्ते', '한국어']);
    expect(splitWords('cafe\u0301')).toEqual(['café']);
  });

  it('takes characters of scripts without spaces one by one', () => {
    expect(splitWords('我爱AI学习')).toEqual(['我', '爱', 'ai', '学', '习']);
    expect(splitWords('カタカナと漢字')).toEqual([...'カタカナと漢字']);
  });

  it('finds no words in none', () => {
    expect(splitWords(' ... \n')).toEqual([]);
  });
});

describe('vocabulary', () => {
  it('keeps the most frequent words, equals in a fixed order', () => {
    expect(buildVocabulary(['b a b', 'c b a', 'd'], 3)).toEqual(['b', 'a', 'c']);
  });

  it('encodes with 0 as padding and 1 for unknown words, cut at the length', () => {
    const index = indexVocabulary(['b', 'a']);
    expect([...encodeText(index, 5, 'a B zebra')]).toEqual([3, 2, 1, 0, 0]);
    expect([...encodeText(index, 2, 'b b b')]).toEqual([2, 2]);
  });
});
