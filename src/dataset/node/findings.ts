import type { DatasetOptions, Finding, Severity } from '../../contract/dataset';

export type FindingKind = Finding['kind'];

const namedFiles = 1000;

/** Collects findings; those that the person chose to keep are turned into notes. */
export class FindingList {
  readonly list: Finding[] = [];

  constructor(private readonly options: DatasetOptions) {}

  add(
    kind: FindingKind,
    severity: Severity,
    message: string,
    more: {
      about?: string;
      files?: readonly string[];
      fileCount?: number;
      reasons?: readonly string[];
      excludes?: readonly string[];
      actions?: Finding['actions'];
      leftOut?: boolean;
    } = {},
  ): void {
    const id = more.about === undefined ? kind : `${kind}:${more.about}`;
    const files = more.files ?? [];
    const kept = severity === 'warns' && this.options.kept.includes(id);
    this.list.push({
      id,
      kind,
      severity: kept ? 'notes' : severity,
      message,
      files: files.slice(0, namedFiles),
      fileCount: more.fileCount ?? files.length,
      ...(more.reasons ? { reasons: more.reasons.slice(0, namedFiles) } : {}),
      ...(more.excludes ? { excludes: more.excludes.slice(0, namedFiles) } : {}),
      actions: (more.actions ?? []).filter((action) => !(kept && action === 'keep')),
      leftOut: more.leftOut ?? false,
    });
  }

  /** The gravest first; equal ones in the order of their finding. */
  sorted(): Finding[] {
    const rank = { blocks: 0, warns: 1, notes: 2 };
    return [...this.list].sort((a, b) => rank[a.severity] - rank[b.severity]);
  }
}

/** `1 file`, `2 files`, `1,797 pictures`. */
export function many(count: number, singular: string, plural = `${singular}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? singular : plural}`;
}

/** Up to three names for a sentence. */
export function naming(files: readonly string[], total = files.length): string {
  const named = files.slice(0, 3).join(', ');
  return total > 3 ? `${named} and ${(total - 3).toLocaleString('en-US')} more` : named;
}
