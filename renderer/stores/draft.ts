import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';
import type { DatasetKind, DatasetOptions, TaskKind } from '../../src/contract/dataset';
import {
  adamwDecay,
  type HyperparameterName,
  type Hyperparameters,
  type HyperparameterValue,
  relevantFields,
} from '../../src/contract/hyperparameters';
import { lossesByTask } from '../../src/contract/losses';

/** Where the settings of the next run started from: a folder's proposal, or an earlier run. */
export interface DraftOrigin {
  path: string;
  datasetName: string;
  kind: DatasetKind;
  task: TaskKind;
  options: DatasetOptions | undefined;
  train: number;
  validation: number;
  run?: { id: string; name: string };
}

export interface SettingChange {
  name: HyperparameterName;
  before: HyperparameterValue;
  after: HyperparameterValue;
}

/** The settings of the next run while they are being chosen; they survive a look at another page. */
export const useDraftStore = defineStore('draft', () => {
  const origin = shallowRef<DraftOrigin | null>(null);
  const base = shallowRef<Hyperparameters | null>(null);
  const values = ref<Hyperparameters | null>(null);
  /** The settings that suit the chosen model, where it is another than the proposed one. */
  const suited = shallowRef<Hyperparameters | null>(null);
  const name = ref('');
  const key = ref('');

  /** Takes another origin; the same one again leaves what was changed. `originKey` names it. */
  function begin(originKey: string, from: DraftOrigin, settings: Hyperparameters) {
    const isSame = key.value === originKey && JSON.stringify(base.value) === JSON.stringify(settings);
    origin.value = from;
    if (isSame) {
      // Another target may have been chosen since.
      if (values.value && !lossesByTask[from.task].some((loss) => loss === values.value?.loss))
        set('loss', 'auto');
      return;
    }
    key.value = originKey;
    base.value = settings;
    suited.value = null;
    values.value = { ...settings };
    name.value = '';
  }

  function reset() {
    suited.value = null;
    if (base.value) values.value = { ...base.value };
  }

  /** Takes the settings that suit the model that was chosen; what was changed by hand stays. */
  function suit(settings: Hyperparameters) {
    const before = suited.value ?? base.value;
    const now = values.value;
    if (!before || !now || now.model !== settings.model) return;
    const names = Object.keys(settings) as HyperparameterName[];
    const byHand = names.filter((field) => field !== 'model' && now[field] !== before[field]);
    suited.value = settings;
    values.value = { ...settings, ...Object.fromEntries(byHand.map((field) => [field, now[field]])) };
  }

  const fields = computed(() =>
    origin.value && values.value ? relevantFields(origin.value.kind, values.value.model) : [],
  );
  const changes = computed<SettingChange[]>(() => {
    const before = base.value;
    const after = values.value;
    if (!before || !after) return [];
    return fields.value
      .filter((field) => before[field.name] !== after[field.name])
      .map((field) => ({ name: field.name, before: before[field.name], after: after[field.name] }));
  });

  function set(field: HyperparameterName, value: HyperparameterValue) {
    const before = values.value;
    if (!before) return;
    values.value = { ...before, [field]: value };
    // The share that AdamW took by itself in the run before is not what another optimizer is given.
    if (field === 'optimizer' && before.optimizer === 'adamw' && before.weightDecay === adamwDecay)
      values.value.weightDecay = 0;
  }

  return { origin, base, values, name, fields, changes, begin, reset, set, suit };
});
