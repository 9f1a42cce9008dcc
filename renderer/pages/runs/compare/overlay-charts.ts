import { useLocalStorage } from '@vueuse/core';
import { computed } from 'vue';

export interface OverlayChart {
  id: number;
  tag: string;
  split: 'train' | 'validation' | 'both';
  pinned: boolean;
}

const initial: OverlayChart[] = [
  { id: 1, tag: 'epoch_loss', split: 'validation', pinned: false },
  { id: 2, tag: 'epoch_accuracy', split: 'validation', pinned: false },
];

/** The charts beside the list of runs, remembered; pinned ones first. */
export function useOverlayCharts() {
  const stored = useLocalStorage<OverlayChart[]>('descent.runs.charts', initial);
  const charts = computed(() =>
    [...stored.value].sort((left, right) => Number(right.pinned) - Number(left.pinned)),
  );
  function change(next: OverlayChart) {
    stored.value = stored.value.map((chart) => (chart.id === next.id ? next : chart));
  }
  function add(tag: string) {
    const id = Math.max(0, ...stored.value.map((chart) => chart.id)) + 1;
    stored.value = [...stored.value, { id, tag, split: 'both', pinned: false }];
  }
  function remove(id: number) {
    stored.value = stored.value.filter((chart) => chart.id !== id);
  }
  return { charts, change, add, remove };
}
