/** How many colours there are before dash patterns begin. */
export const runColorCount = 8;

/** Light and dark: told apart also by people with protanopia, deuteranopia and tritanopia (see the palette's test). */
export const runColors = {
  light: ['#2f6fed', '#e8710a', '#12a594', '#b83280', '#6b46c1', '#8a6d3b', '#2d3748', '#b77ae6'],
  dark: ['#6ea0ff', '#ffa44b', '#4bd7c5', '#f277b4', '#9179fe', '#c4a576', '#e0e5ed', '#c4e145'],
} as const;

/** Dash patterns of the train split by lap round the palette; the first lap is solid. */
const trainDashes: readonly (readonly number[])[] = [[], [1.5, 2.5], [8, 2, 1.5, 2], [12, 3]];
const validationDashes: readonly (readonly number[])[] = [
  [6, 4],
  [6, 3, 1.5, 3],
  [3, 3],
  [10, 3, 3, 3],
];

/** Canvas dash pattern of a run's curve: `slot` as given by `assignSlots`. */
export function dashPattern(slot: number, split: string): number[] | 'solid' {
  const lap = Math.floor(slot / runColorCount) % trainDashes.length;
  const dashes = split === 'validation' || split === 'test' ? validationDashes[lap]! : trainDashes[lap]!;
  return dashes.length === 0 ? 'solid' : [...dashes];
}

/**
 * Colour slots for the runs in view. A run keeps the slot it had; a newcomer whose old slot is taken by a run in view, or
 * that has none, gets the lowest free one. Returns the new memory (old entries stay).
 */
export function assignSlots(
  remembered: Readonly<Record<string, number>>,
  inView: readonly string[],
  alreadyInView: readonly string[] = [],
): Record<string, number> {
  const slots: Record<string, number> = { ...remembered };
  const taken = new Set<number>();
  const settled = new Set<string>();
  const view = new Set(inView);
  const settle = (run: string) => {
    if (settled.has(run) || !view.has(run)) return;
    settled.add(run);
    const old = slots[run];
    if (old !== undefined && !taken.has(old)) {
      taken.add(old);
      return;
    }
    let slot = 0;
    while (taken.has(slot)) slot++;
    slots[run] = slot;
    taken.add(slot);
  };
  for (const run of alreadyInView) settle(run);
  for (const run of inView) if (slots[run] !== undefined) settle(run);
  for (const run of inView) settle(run);
  return slots;
}
