import { useLocalStorage } from '@vueuse/core';
import { defineStore } from 'pinia';
import { assignSlots, dashPattern, runColorCount } from './math/palette';
import { useChartTheme } from './theme';

const rememberedRuns = 400;

/** The colour and dash pattern that each run keeps everywhere, also after a restart. */
export const useRunColors = defineStore('run-colors', () => {
  const theme = useChartTheme();
  const slots = useLocalStorage<Record<string, number>>('descent.run-colours', {});
  let inView: string[] = [];

  /** Says which runs are shown together now; no two of them share a colour and dash pattern. */
  function show(runs: readonly string[]) {
    const next = assignSlots(slots.value, runs, inView);
    inView = [...runs];
    if (runs.every((run) => next[run] === slots.value[run])) return;
    const entries = Object.entries(next);
    slots.value = Object.fromEntries(
      entries.length <= rememberedRuns
        ? entries
        : entries.filter(([run], index) => index >= entries.length - rememberedRuns || runs.includes(run)),
    );
  }

  function colorOf(run: string): string {
    return theme.value.runs[(slots.value[run] ?? 0) % runColorCount]!;
  }

  function dashOf(run: string, split: string): number[] | 'solid' {
    return dashPattern(slots.value[run] ?? 0, split);
  }

  return { slots, show, colorOf, dashOf };
});
