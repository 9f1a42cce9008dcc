import { useLocalStorage } from '@vueuse/core';
import { defineStore } from 'pinia';
import type { AxisKind } from './math/axis';

/** How curves are shown, on every page; remembered. */
export const useChartSettings = defineStore('chart-settings', () => {
  const smoothing = useLocalStorage('descent.chart.smoothing', 0.6);
  const log = useLocalStorage('descent.chart.log', false);
  const clip = useLocalStorage('descent.chart.clip', true);
  const axis = useLocalStorage<AxisKind>('descent.chart.axis', 'step');
  return { smoothing, log, clip, axis };
});
