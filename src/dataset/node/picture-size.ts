import type { FileFacts } from './file-facts';

/** Width and height of a picture as it stands upright. */
export function uprightSize(facts: FileFacts, place: number): [width: number, height: number] {
  const first = facts.extent[place * 2]!;
  const second = facts.extent[place * 2 + 1]!;
  return facts.orientation[place]! >= 5 ? [second, first] : [first, second];
}
