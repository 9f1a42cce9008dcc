import { defineStore } from 'pinia';
import { ref } from 'vue';

export interface Notice {
  id: number;
  message: string;
  tone: 'plain' | 'ok' | 'warn' | 'fail';
  action?: { label: string; run: () => void };
}

const secondsShown = 8;

/** Short words at the lower edge that go by themselves; failures stay until they are closed. */
export const useNoticesStore = defineStore('notices', () => {
  const notices = ref<Notice[]>([]);
  let nextId = 1;

  function dismiss(id: number) {
    notices.value = notices.value.filter((notice) => notice.id !== id);
  }

  function tell(message: string, options: { tone?: Notice['tone']; action?: Notice['action'] } = {}) {
    const id = nextId++;
    const tone = options.tone ?? 'plain';
    notices.value = [...notices.value.slice(-2), { id, message, tone, action: options.action }];
    if (tone !== 'fail') setTimeout(() => dismiss(id), secondsShown * 1000);
    return id;
  }

  return { notices, tell, dismiss };
});
