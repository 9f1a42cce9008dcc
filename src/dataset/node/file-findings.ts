import type { ClassSummary, DatasetOptions } from '../../contract/dataset';
import { splitNames } from '../common/split';
import type { Likenesses } from './duplicates';
import type { FileFacts, FileState } from './file-facts';
import { type FindingKind, type FindingList, many, naming } from './findings';
import type { Layout } from './layout';
import type { UsableFiles } from './summarize-files';

export interface FileEvidence {
  layout: Layout;
  facts: FileFacts;
  usable: UsableFiles;
  classes: ClassSummary[];
  likenesses: Likenesses;
  options: DatasetOptions;
}

/** Says what is wrong, odd or worth knowing in a folder of pictures or texts. */
export function addFileFindings(evidence: FileEvidence, findings: FindingList): void {
  addSizeFindings(evidence, findings);
  addStateFindings(evidence, findings);
  addDuplicateFindings(evidence, findings);
  addBalanceFinding(evidence.classes, findings);
  if (evidence.layout.kind === 'images') addPictureFindings(evidence, findings);
  addIgnoredFinding(evidence, findings);
}

function thing(layout: Layout): string {
  return layout.kind === 'texts' ? 'text' : 'picture';
}

function addSizeFindings(
  { layout, usable, classes, facts, options }: FileEvidence,
  findings: FindingList,
): void {
  const count = usable.places.length;
  const what = thing(layout);
  if (layout.candidates.length === 0 && layout.unlabelled.length === 0) {
    const others =
      layout.ignored.length > 0
        ? ` (only ${many(layout.ignored.length, 'file')} of other kinds: ${naming(layout.ignored)})`
        : '';
    findings.add(
      'empty-folder',
      'blocks',
      `There is nothing to train on in this folder${others}. Put a folder for each class into it, with the pictures or texts of that class, or a CSV file.`,
    );
    return;
  }
  for (const name of layout.classFolders) {
    if (usable.labels.length === 0 || usable.labels.includes(name)) continue;
    findings.add(
      'empty-class',
      'warns',
      `The folder ${name} holds no usable ${what}: it is no class of the model.`,
      {
        about: name,
        actions: ['keep'],
      },
    );
  }
  if (usable.labels.length < 2) {
    const loose =
      layout.unlabelled.length > 0
        ? ` ${many(layout.unlabelled.length, `${what} lies`, `${what}s lie`)} outside any class folder.`
        : '';
    const found =
      usable.labels.length === 1
        ? `Only one class was found (${usable.labels[0]}, ${many(count, what)})`
        : `No class with a usable ${what} was found`;
    findings.add(
      'too-few-classes',
      'blocks',
      `${found}; a classifier needs at least two.${loose} Put the ${what}s of each class into a folder of its own.`,
      { files: layout.unlabelled, fileCount: layout.unlabelled.length },
    );
  }
  addSplitFindings({ layout, usable, classes, facts, options } as FileEvidence, findings);
}

function addSplitFindings({ layout, usable, classes, options }: FileEvidence, findings: FindingList): void {
  const count = usable.places.length;
  const what = thing(layout);
  const train = usable.split.reduce((sum, code) => sum + (code === 0 ? 1 : 0), 0);
  const validation = usable.split.reduce((sum, code) => sum + (code === 1 ? 1 : 0), 0);
  if (count === 0 || usable.labels.length < 2) return;
  for (const { name, split } of layout.splitFolders) {
    if (usable.split.includes(split)) continue;
    findings.add(
      'empty-split',
      split === 0 ? 'blocks' : 'warns',
      `The folder ${name} holds no usable ${what}.`,
      {
        about: splitNames[split]!,
      },
    );
  }
  if (train > 0 && validation === 0 && options.validationFraction > 0) {
    findings.add(
      'too-few-examples',
      'blocks',
      `${many(count, `${what} is`, `${what}s are`)} too few: one class needs at least two different ones, so that one can be kept for validation. Add ${what}s, or set the validation share to 0.`,
    );
  } else if (count < 20) {
    findings.add(
      'too-few-examples',
      'warns',
      `Only ${many(count, what)}: what is measured on so few says little. Aim at 50 or more for each class.`,
      {
        actions: ['keep'],
      },
    );
  }
  const bare = classes
    .filter((entry) => entry.validation === 0 && entry.train > 0)
    .map((entry) => entry.name);
  if (validation > 0 && bare.length > 0)
    findings.add(
      'empty-split',
      'notes',
      `No ${what} of ${naming(bare)} fell into validation: how well ${bare.length === 1 ? 'this class is' : 'these classes are'} learnt is not measured.`,
      {
        about: 'classes-without-validation',
      },
    );
  const untrained = classes.filter((entry) => entry.train === 0).map((entry) => entry.name);
  if (untrained.length > 0)
    findings.add(
      'empty-split',
      'warns',
      `No ${what} of ${naming(untrained)} is in the training split: it can't be learnt.`,
      {
        about: 'classes-without-training',
      },
    );
}

const stateSentences: Partial<Record<FileState, (count: string, names: string, plural: boolean) => string>> =
  {
    'broken-file': (count, names, plural) =>
      `${count} can't be decoded and ${plural ? 'are' : 'is'} left out: ${names}.`,
    'zero-byte-file': (count, names, plural) =>
      `${count} ${plural ? 'are' : 'is'} empty (0 bytes) and left out: ${names}.`,
    'wrong-type': (count, names, plural) =>
      `${count} ${plural ? 'are' : 'is'} not what the name says and left out: ${names}.`,
    'unsupported-format': (count, names, plural) =>
      `${count} ${plural ? 'have' : 'has'} a format that Descent does not read and ${plural ? 'are' : 'is'} left out (save as JPEG or PNG): ${names}.`,
    'unreadable-file': (count, names, plural) =>
      `${count} can't be opened and ${plural ? 'are' : 'is'} left out: ${names}.`,
    'empty-text': (count, names, plural) =>
      `${count} ${plural ? 'hold' : 'holds'} no words and ${plural ? 'are' : 'is'} left out: ${names}.`,
  };

/** Why one file is left out, as a run names it. */
const fileReasons: Partial<Record<FileState, (detail?: string) => string>> = {
  'broken-file': (detail) => `can't be decoded${detail ? `: ${detail}` : ''}`,
  'zero-byte-file': () => 'empty (0 bytes)',
  'wrong-type': (detail) => `not what the name says${detail ? ` (${detail})` : ''}`,
  'unsupported-format': (detail) => `${detail ?? 'this format'} is not read; save it as JPEG or PNG`,
  'unreadable-file': (detail) => `can't be opened${detail ? ` (${detail})` : ''}`,
  'empty-text': () => 'holds no words',
};

function addStateFindings({ layout, facts, options }: FileEvidence, findings: FindingList): void {
  const excluded = new Set(options.excluded);
  const files = new Map<FileState, { file: string; reason?: string }[]>();
  const damaged: string[] = [];
  for (let place = 0; place < facts.count; place += 1) {
    const file = layout.candidates[place]!.file;
    if (excluded.has(file)) continue;
    if (facts.damaged[place]) damaged.push(file);
    const state = facts.stateOf(place);
    if (state === 'usable') continue;
    files.set(state, [...(files.get(state) ?? []), { file, reason: facts.reasons.get(place) }]);
  }
  for (const [state, found] of files) {
    const sentence = stateSentences[state];
    if (!sentence) continue;
    const named = found.map(({ file, reason }) => (reason ? `${file} (${reason})` : file));
    findings.add(
      state as FindingKind,
      'warns',
      sentence(many(found.length, 'file'), naming(named), found.length > 1),
      {
        files: found.map(({ file }) => file),
        reasons: found.map(({ reason }) => fileReasons[state]?.(reason) ?? ''),
        actions: ['exclude', 'keep'],
        leftOut: true,
      },
    );
  }
  if (damaged.length > 0)
    findings.add(
      'broken-file',
      'warns',
      `${many(damaged.length, 'file')} could be decoded, but parts of ${damaged.length > 1 ? 'them are' : 'it are'} damaged: ${naming(damaged)}.`,
      {
        about: 'damaged',
        files: damaged,
        actions: ['exclude', 'keep'],
      },
    );
}

function addDuplicateFindings({ layout, usable, likenesses }: FileEvidence, findings: FindingList): void {
  const exampleOf = new Map(Array.from(usable.places, (place, example) => [place, example]));
  for (const nature of ['equal', 'near'] as const) {
    const prefix = nature === 'equal' ? 'duplicate' : 'near-duplicate';
    const same: string[][] = [];
    const classes: string[][] = [];
    const splits: string[][] = [];
    const excludes: string[] = [];
    for (const group of likenesses[nature]) {
      const examples = group.map((place) => exampleOf.get(place)).filter((example) => example !== undefined);
      if (examples.length < 2) continue;
      const names = examples.map((example) => layout.candidates[usable.places[example]!]!.file);
      if (new Set(examples.map((example) => usable.target[example])).size > 1) classes.push(names);
      else if (new Set(examples.map((example) => usable.split[example])).size > 1) {
        const isTraining = (index: number) => usable.split[examples[index]!] === 0;
        const training = names.filter((_, index) => isTraining(index));
        const heldOut = names.filter((_, index) => !isTraining(index));
        splits.push([...heldOut, ...training]);
        excludes.push(...(training.length > 0 ? training : heldOut.slice(1)));
      } else same.push(names);
    }
    const alike = nature === 'equal' ? 'the same content' : 'nearly the same content';
    const groupWords = (groups: string[][]) =>
      `${many(groups.flat().length, 'file')} in ${many(groups.length, 'group')} (${groups[0]!.slice(0, 3).join(' = ')}${groups.length > 1 ? ', …' : ''})`;
    if (classes.length > 0)
      findings.add(
        `${prefix}-across-classes`,
        'warns',
        `${alike[0]!.toUpperCase()}${alike.slice(1)} stands under different classes: ${groupWords(classes)}. At most one of the labels is right; excluding leaves all of them out.`,
        {
          files: classes.flat(),
          actions: ['exclude', 'keep'],
        },
      );
    if (splits.length > 0)
      findings.add(
        `${prefix}-across-splits`,
        'warns',
        `${alike[0]!.toUpperCase()}${alike.slice(1)} stands in several splits, so validation looks better than it is: ${groupWords(splits)}. Excluding leaves the training copies out.`,
        {
          files: splits.flat(),
          excludes,
          actions: ['exclude', 'keep'],
        },
      );
    if (same.length > 0)
      findings.add(
        prefix,
        'notes',
        `${many(same.flat().length, 'file')} in ${many(same.length, 'group')} have ${alike} (${same[0]!.slice(0, 3).join(' = ')}). Excluding keeps the first of each group.`,
        {
          files: same.flatMap((group) => group.slice(1)),
          actions: ['exclude', 'keep'],
        },
      );
  }
}

/** Notes classes of very different size. */
export function addBalanceFinding(classes: ClassSummary[], findings: FindingList): void {
  if (classes.length < 2) return;
  const sorted = [...classes].sort((a, b) => a.count - b.count);
  const least = sorted[0]!;
  const most = sorted[sorted.length - 1]!;
  const ratio = most.count / least.count;
  if (ratio <= 3) return;
  findings.add(
    'imbalance',
    ratio > 10 ? 'warns' : 'notes',
    `The classes differ in size: ${most.name} has ${most.count.toLocaleString('en-US')} examples, ${least.name} ${least.count.toLocaleString('en-US')}. Balanced class weights make up for it.`,
    { actions: ['keep'] },
  );
}

function addPictureFindings({ layout, facts, usable }: FileEvidence, findings: FindingList): void {
  const small: string[] = [];
  let smallest = Number.POSITIVE_INFINITY;
  let largest = 0;
  for (const place of usable.places) {
    const width = facts.extent[place * 2]!;
    const height = facts.extent[place * 2 + 1]!;
    if (Math.min(width, height) < 8) small.push(layout.candidates[place]!.file);
    smallest = Math.min(smallest, width * height);
    largest = Math.max(largest, width * height);
  }
  if (small.length > 0)
    findings.add(
      'small-images',
      'notes',
      `${many(small.length, 'picture')} ${small.length === 1 ? 'is' : 'are'} less than 8 pixels wide or high: ${naming(small)}.`,
      {
        files: small,
        actions: ['exclude', 'keep'],
      },
    );
  if (largest > smallest * 1.5)
    findings.add(
      'mixed-sizes',
      'notes',
      'The pictures have different sizes. All are stretched to one square, so very long ones are squeezed.',
    );
}

function addIgnoredFinding({ layout, usable }: FileEvidence, findings: FindingList): void {
  const loose = usable.labels.length < 2 ? [] : layout.unlabelled;
  const files = [...loose, ...layout.ignored];
  if (files.length === 0 || layout.candidates.length === 0) return;
  findings.add(
    'ignored-files',
    'notes',
    `${many(files.length, 'file is', 'files are')} passed over, because ${files.length === 1 ? 'it is' : 'they are'} no ${thing(layout)} in a class folder: ${naming(files)}.`,
    { files },
  );
}
