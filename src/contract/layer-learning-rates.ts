/** A factor on the learning rate of the layers whose names match; 0 freezes them. */
export interface LayerFactor {
  /** A layer's name; `*` stands for any characters, none included. */
  pattern: string;
  factor: number;
}

export const largestLayerFactor = 1000;

/** What is wrong with one part of the text, as a sentence. */
export class LayerFactorProblem extends Error {}

/**
 * Reads `conv2d*=0, dense=0.1`. Spaces and empty parts don't matter.
 * @throws LayerFactorProblem naming the part at fault
 */
export function parseLayerFactors(text: string): LayerFactor[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(parsePart);
}

function parsePart(part: string): LayerFactor {
  const split = part.lastIndexOf('=');
  const pattern = part.slice(0, Math.max(0, split)).trim();
  const number = part.slice(split + 1).trim();
  if (pattern === '' || number === '')
    throw new LayerFactorProblem(`"${part}" is no layer=factor, like conv2d*=0.`);
  const factor = Number(number);
  if (!(factor >= 0 && factor <= largestLayerFactor))
    throw new LayerFactorProblem(
      `The factor of "${part}" has to be a number from 0 to ${largestLayerFactor}.`,
    );
  return { pattern, factor };
}

/** Whether a layer's name is what the pattern says, as a whole. */
export function matchesLayer(pattern: string, name: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(name);
}
