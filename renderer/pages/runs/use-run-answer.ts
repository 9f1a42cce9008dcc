import { ref, type ShallowRef, shallowRef, watch } from 'vue';
import { type ErrorMessage, toErrorMessage } from '../../../src/contract/errors';

/**
 * What the studio answers about a run. It is asked again when the run or one of `causes` changes; another run begins with
 * `none`, and what comes late about the run before is dropped. `known`: there was an answer, or a refusal.
 */
export function useRunAnswer<Answer>(
  run: () => string,
  ask: (run: string) => Promise<Answer>,
  none: Answer,
  causes: () => readonly unknown[],
) {
  const answer: ShallowRef<Answer> = shallowRef(none);
  const error = ref<ErrorMessage | null>(null);
  const known = ref(false);

  async function load() {
    const wanted = run();
    try {
      const found = await ask(wanted);
      if (wanted !== run()) return;
      answer.value = found;
      error.value = null;
    } catch (failure) {
      if (wanted === run()) error.value = toErrorMessage(failure);
    } finally {
      if (wanted === run()) known.value = true;
    }
  }
  watch(
    () => [run(), ...causes()] as const,
    ([id], before) => {
      if (id !== before?.[0]) {
        answer.value = none;
        error.value = null;
        known.value = false;
      }
      void load();
    },
    { immediate: true },
  );
  return { answer, error, known, load };
}
