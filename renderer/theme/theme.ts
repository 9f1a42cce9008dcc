import { useMediaQuery } from '@vueuse/core';
import { computed, type Ref, watchEffect } from 'vue';
import type { StudioSettings } from '../../src/contract/studio';

export type ResolvedTheme = 'light' | 'dark';

/** The theme in force: the setting, or the system's when the setting says so. Written to <html data-theme>. */
export function applyTheme(setting: Ref<StudioSettings['theme']>): Ref<ResolvedTheme> {
  const systemIsDark = useMediaQuery('(prefers-color-scheme: dark)');
  const resolved = computed<ResolvedTheme>(() =>
    setting.value === 'system' ? (systemIsDark.value ? 'dark' : 'light') : setting.value,
  );
  watchEffect(
    () => {
      document.documentElement.dataset.theme = resolved.value;
    },
    { flush: 'sync' },
  );
  return resolved;
}

/** A token's value in the theme in force, e.g. `readToken('--accent')`; for canvases, which can't use var(). */
export function readToken(name: `--${string}`): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
