import { createSharedComposable } from '@vueuse/core';
import { shallowRef } from 'vue';

/** What Ctrl/Cmd-Enter and the menu's "Train" do on the page in sight; without a taker they lead to the Train page. */
export const useTrainCommand = createSharedComposable(() => {
  const taker = shallowRef<(() => void) | null>(null);
  return { taker };
});
