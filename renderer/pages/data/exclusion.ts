import type { Finding } from '../../../src/contract/dataset';

/** What Exclude leaves out. A finding names its first files alone when there are very many. */
export function exclusionOf(finding: Finding): { files: string[]; partly: boolean } {
  const files = finding.excludes ?? finding.files;
  return { files, partly: finding.files.length < finding.fileCount };
}
