// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest';
import { mix, withOpacity } from '../../../../renderer/charts/theme';

describe('colours for canvases', () => {
  it('are understood in the short form that a built style sheet has', () => {
    expect(mix('#000000', '#fff', 1)).toBe('rgb(255, 255, 255)');
    expect(mix('#2f6fed', '#ffffff', 0)).toBe('rgb(47, 111, 237)');
    expect(withOpacity('#abc', 0.5)).toBe('rgba(170, 187, 204, 0.5)');
  });

  it('can be mixed again', () => {
    expect(mix(mix('#000000', '#ffffff', 0.5), '#000000', 1)).toBe('rgb(0, 0, 0)');
  });
});
