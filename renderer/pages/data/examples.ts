import { ref, shallowRef, watch } from 'vue';
import type { ExampleListing, SplitName } from '../../../src/contract/dataset';
import { type ErrorMessage, toErrorMessage } from '../../../src/contract/errors';
import { useDatasetStore } from '../../stores/dataset';
import { useStudio } from '../../studio';

export interface ExampleQuery {
  path: string;
  label?: string;
  split?: SplitName;
  finding?: string;
  limit: number;
}

/** The first examples that answer a query, asked again when the query or the folder's reading changes. */
export function useExamples(query: () => ExampleQuery | null) {
  const { client } = useStudio();
  const dataset = useDatasetStore();
  const examples = shallowRef<ExampleListing[]>([]);
  const total = ref(0);
  const known = ref(false);
  const error = ref<ErrorMessage | null>(null);
  let asked = 0;
  let loading = false;

  async function load(wanted: ExampleQuery) {
    const turn = ++asked;
    try {
      const answer = await client.call('data.examples', { ...wanted, offset: 0 });
      if (turn !== asked) return;
      examples.value = answer.examples;
      total.value = answer.total;
      error.value = null;
    } catch (failure) {
      if (turn === asked) error.value = toErrorMessage(failure);
    } finally {
      if (turn === asked) known.value = true;
    }
  }

  /** Asks for the next page. */
  async function more() {
    const wanted = query();
    if (!wanted || loading || examples.value.length >= total.value) return;
    loading = true;
    const turn = asked;
    try {
      const answer = await client.call('data.examples', { ...wanted, offset: examples.value.length });
      if (turn === asked) examples.value = [...examples.value, ...answer.examples];
    } catch (failure) {
      error.value = toErrorMessage(failure);
    } finally {
      loading = false;
    }
  }

  watch(
    () => [JSON.stringify(query()), dataset.revision] as const,
    ([wanted], previous) => {
      if (wanted !== previous?.[0]) {
        examples.value = [];
        known.value = false;
      }
      const parsed = query();
      if (parsed) void load(parsed);
    },
    { immediate: true },
  );

  return { examples, total, known, error, more };
}
