import { type Ref, ref, shallowRef, watch } from 'vue';
import { type ErrorMessage, toErrorMessage } from '../../src/contract/errors';
import type { Evaluation } from '../../src/contract/evaluation';
import type { ModelMetadata } from '../../src/contract/metadata';
import { type RunDetail, useRunsStore } from '../stores/runs';
import { useStudio } from '../studio';

export interface ModelDetail {
  detail: Ref<RunDetail | null>;
  metadata: Ref<ModelMetadata | null>;
  evaluation: Ref<Evaluation | null>;
  error: Ref<ErrorMessage | null>;
}

/** What is known of a run's model; asked again when the run changes. */
export function useModelDetail(run: () => string | null): ModelDetail {
  const { client } = useStudio();
  const runs = useRunsStore();
  const detail = shallowRef<RunDetail | null>(null);
  const metadata = shallowRef<ModelMetadata | null>(null);
  const evaluation = shallowRef<Evaluation | null>(null);
  const error = ref<ErrorMessage | null>(null);
  let asked = 0;

  async function load(id: string) {
    const turn = ++asked;
    try {
      const [newDetail, described, newEvaluation] = await Promise.all([
        runs.get(id),
        client.call('model.describe', { run: id }),
        client.call('runs.evaluation', { run: id }),
      ]);
      if (turn !== asked) return;
      detail.value = newDetail;
      metadata.value = described.metadata;
      evaluation.value = newEvaluation;
      error.value = null;
    } catch (failure) {
      if (turn === asked) error.value = toErrorMessage(failure);
    }
  }

  watch(
    run,
    (id) => {
      asked++;
      detail.value = null;
      metadata.value = null;
      evaluation.value = null;
      error.value = null;
      if (id) void load(id);
    },
    { immediate: true },
  );
  watch(
    () => runs.byId(run() ?? ''),
    (listing, before) => {
      const id = run();
      if (id && listing && before && listing.id === before.id && listing.status !== before.status)
        void load(id);
    },
  );
  return { detail, metadata, evaluation, error };
}
