import type { DatasetSummary } from '../../../src/contract/dataset';
import type { Hyperparameters } from '../../../src/contract/hyperparameters';

const sizeBeforeProposal = 64;

/** Side of the square and number of channels that training would use for this folder with these settings. */
export function trainingSize(
  summary: DatasetSummary,
  settings: Pick<Hyperparameters, 'imageSize' | 'colorMode'> | undefined,
): { side: number; channels: 1 | 3 } {
  const mode = settings?.colorMode ?? 'auto';
  const grey = mode === 'grayscale' || (mode === 'auto' && (summary.images?.grayscale ?? false));
  return { side: settings?.imageSize || sizeBeforeProposal, channels: grey ? 1 : 3 };
}
