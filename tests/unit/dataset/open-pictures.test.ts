import { copyFile, mkdir, readdir, rename, rm, stat, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { DatasetOptions, ScanProgress } from '../../../src/contract/dataset';
import type { Dataset } from '../../../src/dataset/node/example-table';
import { listExamples } from '../../../src/dataset/node/list-examples';
import { assertTrainable, openDataset } from '../../../src/dataset/node/open';
import { bitmap } from './bitmap';
import { jpeg, picture, put, putClasses, temporaryFolder } from './pictures';
import { randomBytes } from './random';

async function open(
  path: string,
  options: Partial<DatasetOptions> = {},
  cacheDirectory?: string,
): Promise<Dataset> {
  return openDataset(path, options, { cacheDirectory: cacheDirectory ?? (await temporaryFolder('cache')) });
}

const kindsOf = ({ summary }: Dataset) => summary.findings.map((finding) => finding.kind);
const findingOf = ({ summary }: Dataset, kind: string) =>
  summary.findings.find((finding) => finding.kind === kind);
const filesOf = ({ examples }: Dataset) =>
  Array.from({ length: examples.count }, (_, index) => examples.file(index));
const splitsOf = ({ examples }: Dataset) =>
  new Map(
    Array.from({ length: examples.count }, (_, index) => [examples.file(index), examples.split[index]]),
  );

describe('a folder of pictures', () => {
  it('names the four defects and leaves out what cannot be read', async () => {
    const root = await temporaryFolder();
    await putClasses(root, ['cats', 'dogs'], 12);
    const whole = await jpeg(500, 160, 120);
    await put(root, 'cats/broken.jpg', whole.subarray(0, Math.floor(whole.length * 0.6)));
    await put(root, 'dogs/nothing.jpg', '');
    await put(root, 'dogs/letter.png', 'Dear reader, this is no picture.');
    await copyFile(join(root, 'cats/003.jpg'), join(root, 'dogs/twin.jpg'));
    const dataset = await open(root);

    expect(findingOf(dataset, 'broken-file')).toMatchObject({
      files: ['cats/broken.jpg'],
      reasons: [
        expect.stringMatching(/^can't be decoded: (premature end of JPEG image|damaged or cut off)$/),
      ],
      leftOut: true,
      severity: 'warns',
    });
    expect(findingOf(dataset, 'broken-file')?.message).toMatch(
      /cats\/broken\.jpg \((premature end of JPEG image|damaged or cut off)\)/,
    );
    expect(findingOf(dataset, 'zero-byte-file')).toMatchObject({
      files: ['dogs/nothing.jpg'],
      leftOut: true,
    });
    expect(findingOf(dataset, 'wrong-type')).toMatchObject({ files: ['dogs/letter.png'], leftOut: true });
    expect(findingOf(dataset, 'duplicate-across-classes')).toMatchObject({
      files: ['cats/003.jpg', 'dogs/twin.jpg'],
      fileCount: 2,
      actions: ['exclude', 'keep'],
    });
    expect(dataset.summary).toMatchObject({ kind: 'images', task: 'classification', exampleCount: 25 });
    expect(dataset.summary.classes.map(({ name, count }) => [name, count])).toEqual([
      ['cats', 12],
      ['dogs', 13],
    ]);
    expect(filesOf(dataset)).not.toContain('cats/broken.jpg');
    expect(splitsOf(dataset).get('dogs/twin.jpg')).toBe(splitsOf(dataset).get('cats/003.jpg'));
    assertTrainable(dataset.summary);
  });

  it('takes away what is excluded and quiets what is kept', async () => {
    const root = await temporaryFolder();
    await putClasses(root, ['a', 'b'], 12);
    await put(root, 'a/empty.jpg', '');
    await copyFile(join(root, 'a/003.jpg'), join(root, 'b/twin.jpg'));
    const cache = await temporaryFolder('cache');
    const excluded = await open(root, { excluded: ['a/empty.jpg', 'a/003.jpg', 'b/twin.jpg'] }, cache);
    expect(kindsOf(excluded)).toEqual([]);
    expect(excluded.summary.exampleCount).toBe(23);
    const kept = await open(root, { kept: ['duplicate-across-classes'] }, cache);
    expect(findingOf(kept, 'duplicate-across-classes')).toMatchObject({
      severity: 'notes',
      actions: ['exclude'],
    });
  });

  it('reads every format, by content and not by name', async () => {
    const root = await temporaryFolder('写真 und Größen');
    const base = picture(1, 40, 40);
    await put(root, 'eins/a.JPG', await base.clone().jpeg().toBuffer());
    await put(root, 'eins/b.png', await base.clone().png().toBuffer());
    await put(root, 'eins/c.webp', await base.clone().webp().toBuffer());
    await put(root, 'eins/d.gif', await base.clone().gif().toBuffer());
    await put(root, 'zwei/e.tiff', await base.clone().tiff().toBuffer());
    await put(root, 'zwei/f.avif', await base.clone().avif().toBuffer());
    await put(root, 'zwei/g.bmp', bitmap(randomBytes(30 * 20 * 3, 1), 30, 20, 24));
    await put(root, 'zwei/h.jpg', await base.clone().negate().png().toBuffer());
    await put(root, 'zwei/phone.heic', Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'));
    const dataset = await open(root);
    const formats = Object.fromEntries(
      dataset.summary.images!.formats.map(({ format, count }) => [format, count]),
    );
    expect(formats).toEqual({ jpeg: 1, png: 2, webp: 1, gif: 1, tiff: 1, avif: 1, bmp: 1 });
    expect(findingOf(dataset, 'unsupported-format')).toMatchObject({
      files: ['zwei/phone.heic'],
      leftOut: true,
    });
    expect(findingOf(dataset, 'unsupported-format')?.message).toContain('HEIC');
    expect(dataset.examples.path(0)).toBe(join(root, 'eins', 'a.JPG'));
  });

  it('takes train, val and test folders as the splits', async () => {
    const root = await temporaryFolder();
    await putClasses(join(root, 'Train'), ['x', 'y'], 6, 1);
    await putClasses(join(root, 'val'), ['x', 'y'], 3, 100);
    await putClasses(join(root, 'testing'), ['x', 'y'], 2, 200);
    await copyFile(join(root, 'Train/x/000.jpg'), join(root, 'val/x/copy.jpg'));
    const dataset = await open(root);
    expect(dataset.summary.splits).toEqual({ source: 'folders', train: 12, validation: 7, test: 4 });
    expect(dataset.examples.labels).toEqual(['x', 'y']);
    expect(findingOf(dataset, 'duplicate-across-splits')).toMatchObject({
      severity: 'warns',
      files: ['val/x/copy.jpg', 'Train/x/000.jpg'],
      excludes: ['Train/x/000.jpg'],
    });
  });

  it('divides validation off when there are only train and test folders', async () => {
    const root = await temporaryFolder();
    await putClasses(join(root, 'train'), ['x', 'y'], 15, 1);
    await putClasses(join(root, 'test'), ['x', 'y'], 2, 200);
    const { summary } = await open(root);
    expect(summary.splits).toMatchObject({ source: 'folders', test: 4 });
    expect(summary.splits.validation).toBeGreaterThan(0);
    expect(summary.splits.train + summary.splits.validation).toBe(30);
  });

  it('moves no other file when one is added, removed or renamed', async () => {
    const root = await temporaryFolder();
    await putClasses(root, ['a', 'b'], 40);
    const cache = await temporaryFolder('cache');
    const before = splitsOf(await open(root, {}, cache));
    await put(root, 'a/another.jpg', await jpeg(900));
    await put(root, 'c/new class.jpg', await jpeg(901));
    await rm(join(root, 'b/001.jpg'));
    await rename(join(root, 'b/002.jpg'), join(root, 'b/renamed.jpg'));
    const after = splitsOf(await open(root, {}, cache));
    expect(after.get('b/renamed.jpg')).toBe(before.get('b/002.jpg'));
    for (const [file, split] of before)
      if (!/00[12]/.test(file) || file.startsWith('a')) expect(after.get(file), file).toBe(split);
    expect(new Set(before.values())).toEqual(new Set([0, 1]));
  });

  it('divides otherwise with another seed, and by the wanted shares', async () => {
    const root = await temporaryFolder();
    await putClasses(root, ['a', 'b'], 50);
    const cache = await temporaryFolder('cache');
    const one = await open(root, { validationFraction: 0.3, testFraction: 0.2 }, cache);
    const two = await open(root, { validationFraction: 0.3, testFraction: 0.2, splitSeed: 8 }, cache);
    expect(one.summary.splits.validation).toBeGreaterThan(18);
    expect(one.summary.splits.test).toBeGreaterThan(8);
    expect([...splitsOf(one)]).not.toEqual([...splitsOf(two)]);
    expect(one.summary.fingerprint).not.toBe(two.summary.fingerprint);
    expect(
      one.examples.indices('train').length +
        one.examples.indices('validation').length +
        one.examples.indices('test').length,
    ).toBe(100);
  });

  it('finds copies that were scaled or saved again, and no others', async () => {
    const root = await temporaryFolder();
    await putClasses(root, ['a', 'b'], 30);
    await put(
      root,
      'a/smaller.jpg',
      await sharp(await jpeg(5))
        .resize(92, 69)
        .jpeg({ quality: 60 })
        .toBuffer(),
    );
    await put(
      root,
      'b/converted.png',
      await sharp(await jpeg(9))
        .png()
        .toBuffer(),
    );
    const dataset = await open(root);
    expect(findingOf(dataset, 'near-duplicate-across-classes')?.files).toEqual([
      'a/008.jpg',
      'b/converted.png',
    ]);
    const others = dataset.summary.findings.filter(({ kind }) =>
      /^near-duplicate(-across-splits)?$/.test(kind),
    );
    expect(others).toHaveLength(1);
    // Within one split the first is kept; across splits both are named.
    expect(['a/004.jpg', 'a/smaller.jpg']).toEqual(expect.arrayContaining(others[0]!.files));
  });

  it('reads the cached scan the second time, and again only what changed', async () => {
    const root = await temporaryFolder();
    await putClasses(root, ['a', 'b'], 10);
    await put(root, 'a/broken.jpg', (await jpeg(77)).subarray(0, 900));
    const cache = await temporaryFolder('cache');
    const first = await open(root, {}, cache);
    const second = await open(root, {}, cache);
    expect(first.summary.fromCache).toBe(false);
    expect(second.summary.fromCache).toBe(true);
    const timeless = ({ summary }: Dataset) => ({ ...summary, fromCache: 0, scanMilliseconds: 0 });
    expect(timeless(second)).toEqual(timeless(first));
    expect(second.examples.images).toEqual(first.examples.images);

    await put(root, 'a/broken.jpg', await jpeg(78));
    const third = await open(root, {}, cache);
    expect(third.summary.fromCache).toBe(false);
    expect(kindsOf(third)).not.toContain('broken-file');
    const { mtime } = await stat(join(root, 'a/001.jpg'));
    await put(root, 'a/001.jpg', await jpeg(79));
    await utimes(join(root, 'a/001.jpg'), mtime, new Date(mtime.getTime() + 5000));
    expect((await open(root, {}, cache)).summary.fingerprint).not.toBe(third.summary.fingerprint);
  });

  it('does not mind a torn or foreign cache', async () => {
    const root = await temporaryFolder();
    await putClasses(root, ['a', 'b'], 5);
    const cache = await temporaryFolder('cache');
    await open(root, {}, cache);
    const [scan] = await readdir(join(cache, 'scans'));
    for (const content of ['', 'x', randomBytes(500, 1)]) {
      await put(cache, `scans/${scan}`, content);
      expect((await open(root, {}, cache)).summary).toMatchObject({ exampleCount: 10, fromCache: false });
    }
  });

  it('can be cancelled, and goes on from there', async () => {
    const root = await temporaryFolder();
    await putClasses(root, ['a', 'b'], 60);
    const cacheDirectory = await temporaryFolder('cache');
    const controller = new AbortController();
    const onProgress = (progress: ScanProgress) =>
      progress.stage === 'reading' && progress.done > 5 && controller.abort();
    await expect(
      openDataset(root, {}, { cacheDirectory, signal: controller.signal, onProgress }),
    ).rejects.toMatchObject({
      code: 'cancelled',
    });
    const seen: number[] = [];
    await openDataset(
      root,
      {},
      {
        cacheDirectory,
        onProgress: (progress) => progress.stage === 'reading' && seen.push(progress.done),
      },
    );
    expect(seen[0]).toBeGreaterThan(5);
    expect(seen.at(-1)).toBe(120);
  });

  it('scans without holding up the event loop, telling how far it is', async () => {
    const root = await temporaryFolder();
    await putClasses(root, ['a', 'b'], 150);
    const progress: ScanProgress[] = [];
    const delays = monitorEventLoopDelay({ resolution: 5 });
    delays.enable();
    await openDataset(
      root,
      {},
      { cacheDirectory: await temporaryFolder('cache'), onProgress: (event) => progress.push(event) },
    );
    delays.disable();
    expect(delays.percentile(90) / 1e6).toBeLessThan(50);
    expect(new Set(progress.map(({ stage }) => stage))).toEqual(new Set(['listing', 'reading', 'comparing']));
    expect(progress.filter(({ stage }) => stage === 'reading').at(-1)).toMatchObject({
      done: 300,
      total: 300,
    });
  });

  it('orders numbered classes by number and others by name', async () => {
    const root = await temporaryFolder();
    await putClasses(root, ['10', '9', '1'], 2);
    expect((await open(root)).examples.labels).toEqual(['1', '9', '10']);
    const other = await temporaryFolder();
    await putClasses(other, ['b10', 'Ähre', 'b9', 'A'], 2);
    expect((await open(other)).examples.labels).toEqual(['A', 'b10', 'b9', 'Ähre']);
  });

  it('describes sizes, shapes and colour as the pictures stand upright', async () => {
    const root = await temporaryFolder();
    await put(root, 'a/1.jpg', await jpeg(1, 60, 40));
    await put(root, 'a/2.jpg', await picture(2, 60, 40).jpeg().withMetadata({ orientation: 6 }).toBuffer());
    await put(root, 'b/3.png', await picture(3, 60, 40).grayscale().png().toBuffer());
    const dataset = await open(root);
    expect(dataset.summary.images).toMatchObject({
      width: { minimum: 40, median: 60, maximum: 60 },
      height: { minimum: 40, median: 40, maximum: 60 },
      shapes: [
        { width: 60, height: 40, count: 2 },
        { width: 40, height: 60, count: 1 },
      ],
      grayscale: false,
    });
    expect([...dataset.examples.images!.orientation]).toEqual([1, 6, 1]);
    const { examples, total } = await listExamples(dataset, { label: 'a', offset: 1, limit: 5 });
    expect(total).toBe(2);
    expect(examples).toEqual([
      { file: 'a/2.jpg', label: 'a', split: expect.any(String), width: 40, height: 60 },
    ]);
  });

  it('knows grey pictures, also when they are stored as RGB', async () => {
    const root = await temporaryFolder();
    await put(root, 'a/1.png', await picture(1).grayscale().toColourspace('srgb').png().toBuffer());
    await put(root, 'b/2.jpg', await picture(2).grayscale().jpeg().toBuffer());
    expect((await open(root)).summary.images?.grayscale).toBe(true);
  });

  it('passes over hidden files and notes files of other kinds', async () => {
    const root = await temporaryFolder();
    await putClasses(root, ['a', 'b'], 12);
    await put(root, 'a/.DS_Store', 'x');
    await put(root, 'a/Thumbs.db', 'x');
    await put(root, 'a/notes.txt', 'x');
    await put(root, 'stray.jpg', await jpeg(400));
    const dataset = await open(root);
    expect(findingOf(dataset, 'ignored-files')).toMatchObject({
      severity: 'notes',
      files: ['stray.jpg', 'a/notes.txt'],
    });
    expect(dataset.summary.exampleCount).toBe(24);
  });

  it('warns of pictures that decode with parts damaged, and still trains on them', async () => {
    const root = await temporaryFolder();
    await putClasses(root, ['a', 'b'], 12);
    const bytes = await jpeg(300, 160, 120);
    // Zeros in the middle of the scan's data: libjpeg goes on, and complains.
    await put(root, 'a/scratched.jpg', Buffer.from(bytes).fill(0, bytes.length - 900, bytes.length - 600));
    const dataset = await open(root);
    const finding = dataset.summary.findings.find(({ id }) => id === 'broken-file:damaged');
    expect(finding).toMatchObject({ files: ['a/scratched.jpg'], leftOut: false, severity: 'warns' });
    expect(filesOf(dataset)).toContain('a/scratched.jpg');
  });

  it('follows links to files and folders, but not in circles', async () => {
    const root = await temporaryFolder();
    await putClasses(root, ['a'], 12);
    const elsewhere = await temporaryFolder();
    await putClasses(elsewhere, ['b'], 12, 50);
    await symlink(join(elsewhere, 'b'), join(root, 'b'));
    await symlink(root, join(root, 'a', 'around'));
    await symlink(join(root, 'gone.jpg'), join(root, 'a', 'dangling.jpg'));
    const dataset = await open(root);
    expect(dataset.summary.classes.map(({ name, count }) => [name, count])).toEqual([
      ['a', 12],
      ['b', 12],
    ]);
  });

  it('lists the files of a finding, also those that are left out', async () => {
    const root = await temporaryFolder();
    await putClasses(root, ['a', 'b'], 12);
    await put(root, 'b/empty.jpg', '');
    const dataset = await open(root);
    const { examples, total } = await listExamples(dataset, { finding: 'zero-byte-file' });
    expect({ examples, total }).toEqual({
      examples: [{ file: 'b/empty.jpg', label: 'b', split: 'train' }],
      total: 1,
    });
  });
});

describe('a folder that cannot be trained on', () => {
  it('is shown, with the reason', async () => {
    const empty = await open(await temporaryFolder());
    expect(kindsOf(empty)).toEqual(['empty-folder']);
    expect(() => assertTrainable(empty.summary)).toThrow(/nothing to train on/);

    const oneClass = await temporaryFolder();
    await putClasses(oneClass, ['only'], 30);
    await mkdir(join(oneClass, 'bare'));
    const single = await open(oneClass);
    expect(findingOf(single, 'too-few-classes')?.message).toContain(
      'Only one class was found (only, 30 pictures)',
    );
    expect(findingOf(single, 'empty-class')?.message).toContain('bare');
    expect(() => assertTrainable(single.summary)).toThrow(/at least two/);

    const two = await temporaryFolder();
    await putClasses(two, ['a', 'b'], 1);
    const few = await open(two);
    expect(findingOf(few, 'too-few-examples')).toMatchObject({ severity: 'blocks' });
    expect(() => assertTrainable(few.summary)).toThrow(/2 pictures are too few/);
    assertTrainable((await open(two, { validationFraction: 0 })).summary);

    const loose = await temporaryFolder();
    await put(loose, '1.jpg', await jpeg(1));
    await put(loose, '2.jpg', await jpeg(2));
    expect(findingOf(await open(loose), 'too-few-classes')?.message).toContain(
      '2 pictures lie outside any class folder',
    );
  });

  it('warns of small, unbalanced and unmeasured classes', async () => {
    const root = await temporaryFolder();
    await putClasses(root, ['many'], 22);
    await putClasses(root, ['few'], 2, 100);
    const dataset = await open(root);
    expect(findingOf(dataset, 'imbalance')).toMatchObject({ severity: 'warns' });
    expect(findingOf(dataset, 'imbalance')?.message).toContain('many has 22 examples, few 2');
  });

  it('says so when there is no such path, or a file of another kind', async () => {
    const root = await temporaryFolder();
    await put(root, 'a.pdf', 'x');
    await expect(open(join(root, 'missing'))).rejects.toMatchObject({ code: 'not-found' });
    await expect(open(join(root, 'a.pdf'))).rejects.toMatchObject({ code: 'bad-input' });
  });
});

describe('a folder of texts', () => {
  it('is opened with words counted and texts read in any encoding', async () => {
    const root = await temporaryFolder();
    for (let index = 0; index < 12; index += 1) {
      await put(root, `ham/${index}.txt`, `Dear friend number ${index}, see you soon.`);
      await put(root, `spam/${index}.eml`, `Buy ${index} now!`);
    }
    await put(root, 'ham/utf16.txt', Buffer.from('\ufeffgrüße', 'utf16le'));
    await put(root, 'ham/western.txt', Buffer.from('gr\xfc\xdfe', 'latin1'));
    await put(root, 'spam/blank.txt', ' \n ');
    await put(root, 'spam/binary.txt', Uint8Array.of(1, 0, 2, 0, 255));
    const dataset = await open(root);
    expect(dataset.summary).toMatchObject({ kind: 'texts', exampleCount: 26, task: 'classification' });
    expect(dataset.summary.texts?.words).toEqual({ minimum: 1, median: 3, maximum: 7 });
    expect(findingOf(dataset, 'empty-text')?.files).toEqual(['spam/blank.txt']);
    expect(findingOf(dataset, 'wrong-type')?.files).toEqual(['spam/binary.txt']);
    const texts = new Map(filesOf(dataset).map((file, index) => [file, index]));
    expect(await dataset.examples.text(texts.get('ham/utf16.txt')!)).toBe('grüße');
    expect(await dataset.examples.text(texts.get('ham/western.txt')!)).toBe('grüße');
    const { examples } = await listExamples(dataset, { label: 'spam', limit: 1 });
    expect(examples[0]?.excerpt).toBe('Buy 0 now!');
  });
});
