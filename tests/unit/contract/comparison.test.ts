import { describe, expect, it } from 'vitest';
import { bestCandidate, type Candidate, comparedBy } from '../../../src/contract/comparison';

const candidate = (model: string, summary: Candidate['summary'], status: Candidate['status'] = 'done') => ({
  model,
  status,
  summary,
});

describe('the best of several candidates', () => {
  it('is most often right on validation; the loss decides between equals, the test examples nothing', () => {
    const candidates = [
      candidate('one', { val_accuracy: 0.9, val_loss: 0.1, test_accuracy: 1 }),
      candidate('two', { val_accuracy: 0.95, val_loss: 0.3 }),
      candidate('three', { val_accuracy: 0.95, val_loss: 0.2, test_accuracy: 0.5 }),
    ];
    expect(bestCandidate(candidates)?.model).toBe('three');
    expect(comparedBy(candidates)).toEqual({ metric: 'val_accuracy', larger: true });
  });

  it('has the smaller loss where numbers are learned, and was trained to its end', () => {
    const candidates = [
      candidate('one', { val_loss: 0.5, val_mae: 3 }),
      candidate('two', { val_loss: 0.4, val_mae: 4 }),
      candidate('three', { val_loss: 0.1 }, 'failed'),
      candidate('four', {}),
    ];
    expect(bestCandidate(candidates)?.model).toBe('two');
    expect(comparedBy(candidates).metric).toBe('val_loss');
    expect(bestCandidate(candidates.slice(2))).toBeUndefined();
  });
});
