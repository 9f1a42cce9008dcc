import { useLocalStorage } from '@vueuse/core';
import { defineStore } from 'pinia';
import { computed } from 'vue';
import { useRunsStore } from './runs';

/** Which run one is in: Model, Export and the title bar follow it. */
export const useSelectionStore = defineStore('selection', () => {
  const runs = useRunsStore();
  const current = useLocalStorage<string | null>('descent.run', null);
  const currentListing = computed(() => (current.value ? runs.byId(current.value) : undefined));

  function choose(run: string | null) {
    current.value = run;
  }

  return { current, currentListing, choose };
});
