import type { FileFacts } from './file-facts';

/** Groups of places (in the layout) that resemble each other; each has at least two. */
export interface Likenesses {
  equal: number[][];
  near: number[][];
}

/** Pictures smaller than this look alike too easily: their near duplicates are not looked for. */
export const smallestCompared = 64;

/** Files of equal content. */
export function equalGroups(facts: FileFacts): number[][] {
  const groups = new Map<string, number[]>();
  for (let place = 0; place < facts.count; place += 1) {
    const state = facts.stateOf(place);
    if (state !== 'usable') continue;
    const at = place * 4;
    const key = `${facts.hash[at]}:${facts.hash[at + 1]}:${facts.hash[at + 2]}`;
    const group = groups.get(key);
    if (group) group.push(place);
    else groups.set(key, [place]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}
