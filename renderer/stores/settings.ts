import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import { type ErrorMessage, toErrorMessage } from '../../src/contract/errors';
import type { StudioSettings } from '../../src/contract/studio';
import { useStudio } from '../studio';
import { applyTheme } from '../theme/theme';

/** The studio's settings. The theme is applied here, so that every page and chart asks one place for it. */
export const useSettingsStore = defineStore('settings', () => {
  const { client } = useStudio();
  const settings = ref<StudioSettings | null>(null);
  const error = ref<ErrorMessage | null>(null);
  const themeSetting = computed(() => settings.value?.theme ?? 'system');
  /** 'light' or 'dark', the system's when the setting says so. */
  const theme = applyTheme(themeSetting);

  async function load() {
    try {
      settings.value = await client.call('studio.settings', {});
      error.value = null;
    } catch (failure) {
      error.value = toErrorMessage(failure);
    }
  }

  async function change(changes: Partial<StudioSettings>) {
    try {
      settings.value = await client.call('studio.changeSettings', changes);
      error.value = null;
    } catch (failure) {
      error.value = toErrorMessage(failure);
    }
  }

  return { settings, error, theme, load, change };
});
