import { useVirtualizer } from '@tanstack/vue-virtual';
import { computed, type Ref, ref } from 'vue';

interface Modifiers {
  shiftKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
}

export interface TableRowsOptions {
  /** What scrolls. */
  scroller: Readonly<Ref<HTMLElement | null>>;
  /** Key of each row, in the order of drawing; undefined: a row that can't be chosen. */
  keys: () => readonly (string | undefined)[];
  rowHeight: () => number;
  selected: Ref<string[]>;
  /** Rows drawn beyond those in sight. */
  overscan?: number;
}

/** The rows of a table: which are drawn, which has the keyboard, which are chosen. */
export function useTableRows({ scroller, keys, rowHeight, selected, overscan = 12 }: TableRowsOptions) {
  const virtualizer = useVirtualizer(
    computed(() => ({
      count: keys().length,
      getScrollElement: () => scroller.value,
      estimateSize: rowHeight,
      overscan,
    })),
  );
  const drawn = computed(() => virtualizer.value.getVirtualItems());
  /** Pixels of the rows above and below those that are drawn. */
  const before = computed(() => drawn.value[0]?.start ?? 0);
  const after = computed(() => virtualizer.value.getTotalSize() - (drawn.value.at(-1)?.end ?? 0));

  const place = ref(0);
  const focused = computed(() => Math.min(place.value, Math.max(0, keys().length - 1)));
  let anchor = 0;

  /** A press on a row: alone, with Shift up to it, with Ctrl or Cmd besides the others. */
  function choose(index: number, { shiftKey, ctrlKey, metaKey }: Modifiers) {
    place.value = index;
    const key = keys()[index];
    if (key === undefined) return;
    if (shiftKey) {
      const [from, to] = anchor < index ? [anchor, index] : [index, anchor];
      selected.value = keys()
        .slice(from, to + 1)
        .filter((other) => other !== undefined);
      return;
    }
    anchor = index;
    if (!ctrlKey && !metaKey) selected.value = [key];
    else if (selected.value.includes(key)) selected.value = selected.value.filter((other) => other !== key);
    else selected.value = [...selected.value, key];
  }

  /** Arrows, pages, Home and End. Returns whether the key was one of them. */
  function move({ key, shiftKey }: KeyboardEvent): boolean {
    const count = keys().length;
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: 12,
      PageUp: -12,
      Home: -count,
      End: count,
    };
    const step = steps[key];
    if (step === undefined || count === 0) return false;
    const next = Math.max(0, Math.min(count - 1, focused.value + step));
    choose(next, { shiftKey, ctrlKey: false, metaKey: false });
    virtualizer.value.scrollToIndex(next);
    return true;
  }

  return { drawn, before, after, focused, choose, move };
}
