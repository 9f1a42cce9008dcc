import { watchDebounced } from '@vueuse/core';
import { type Ref, ref, shallowRef } from 'vue';
import type { BaseLayer } from '../../../src/contract/base-layers';
import type { DatasetKind } from '../../../src/contract/dataset';
import { type ErrorMessage, toErrorMessage } from '../../../src/contract/errors';
import { type Hyperparameters, relevantFields } from '../../../src/contract/hyperparameters';
import { useStudio } from '../../studio';

const typingMilliseconds = 300;

/** The layers of the base that the settings choose; null while they are being read, or can't be. */
export function useBaseLayers(
  kind: () => DatasetKind,
  values: () => Hyperparameters,
): { layers: Ref<readonly BaseLayer[] | null>; error: Ref<ErrorMessage | null> } {
  const { client } = useStudio();
  const layers = shallowRef<readonly BaseLayer[] | null>(null);
  const error = ref<ErrorMessage | null>(null);
  const known = new Map<string, readonly BaseLayer[]>();
  /** What the list may depend on. */
  const key = () => {
    const fields = relevantFields(kind(), values().model).filter(({ group }) => group === 'model');
    return JSON.stringify([kind(), ...fields.map(({ name }) => values()[name])]);
  };

  async function read() {
    const wanted = key();
    error.value = null;
    layers.value = known.get(wanted) ?? null;
    if (layers.value) return;
    try {
      const answer = await client.call('model.baseLayers', { kind: kind(), hyperparameters: values() });
      known.set(wanted, answer.layers);
      if (wanted === key()) layers.value = answer.layers;
    } catch (failure) {
      if (wanted === key()) error.value = toErrorMessage(failure);
    }
  }
  // The first answer at once; a place that is being typed later.
  void read();
  watchDebounced(key, () => void read(), { debounce: typingMilliseconds });
  return { layers, error };
}
