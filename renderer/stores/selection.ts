import { useLocalStorage } from '@vueuse/core';
import { defineStore } from 'pinia';
import { computed } from 'vue';
import { useRunsStore } from './runs';

const runColours = 6;

/** Which run one is in (Model, Export and the title bar follow it), and the colour that each run keeps everywhere. */
export const useSelectionStore = defineStore('selection', () => {
  const runs = useRunsStore();
  const current = useLocalStorage<string | null>('descent.run', null);
  const currentListing = computed(() => (current.value ? runs.byId(current.value) : undefined));

  /** Runs in the order of their creation, oldest first: a run's place decides its colour, so it keeps it. */
  const places = computed(() => {
    const ordered = [...runs.runs].sort((left, right) => left.created.localeCompare(right.created));
    return new Map(ordered.map((run, index) => [run.id, index]));
  });

  /** 0-based place of a run in the palette and its dash pattern: `--run-{colour + 1}`, dashes past the sixth. */
  function colourOf(run: string): { colour: number; round: number } {
    const place = places.value.get(run) ?? 0;
    return { colour: place % runColours, round: Math.floor(place / runColours) };
  }

  function choose(run: string | null) {
    current.value = run;
  }

  return { current, currentListing, choose, colourOf };
});
