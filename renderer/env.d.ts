declare module 'splitpanes' {
  import type { DefineComponent } from 'vue';

  export const Splitpanes: DefineComponent<{
    horizontal?: boolean;
    pushOtherPanes?: boolean;
    maximizePanes?: boolean;
  }>;
  export const Pane: DefineComponent<{ size?: number; minSize?: number; maxSize?: number }>;
}
