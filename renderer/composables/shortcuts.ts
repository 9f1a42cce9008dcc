import { onBeforeUnmount, onMounted } from 'vue';

export interface Shortcut {
  /** `Mod+o` (Ctrl, or Cmd on a Mac), `g d` (one after the other), `/`, `?`, `Space`. */
  keys: string;
  run: () => void;
  /** Works while a text field has the focus. */
  inFields?: boolean;
}

const sequenceMilliseconds = 1200;

/** A key press as shortcuts name it; null for modifiers alone. */
export function nameOfKey(
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>,
): string | null {
  if (event.altKey) return null;
  if (['Control', 'Shift', 'Alt', 'Meta'].includes(event.key)) return null;
  const key = event.key === ' ' ? 'Space' : event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return event.ctrlKey || event.metaKey ? `Mod+${key}` : key;
}

/** Decides which shortcut a series of key presses means. */
export class ShortcutReader {
  private pending = '';
  private pendingSince = 0;

  constructor(private readonly shortcuts: () => readonly Shortcut[]) {}

  read(key: string, inField: boolean, now: number): Shortcut | undefined {
    const candidates = this.shortcuts().filter((shortcut) => !inField || shortcut.inFields);
    const sequence =
      this.pending && now - this.pendingSince < sequenceMilliseconds ? `${this.pending} ${key}` : key;
    this.pending = '';
    const exact = candidates.find((shortcut) => shortcut.keys === sequence);
    if (exact) return exact;
    if (candidates.some((shortcut) => shortcut.keys.startsWith(`${key} `))) {
      this.pending = key;
      this.pendingSince = now;
      return undefined;
    }
    return sequence === key ? undefined : candidates.find((shortcut) => shortcut.keys === key);
  }
}

/** Page-wide shortcuts while the component is mounted. A press that a control took (preventDefault) is left alone. */
export function useShortcuts(shortcuts: () => readonly Shortcut[]): void {
  const reader = new ShortcutReader(shortcuts);
  const onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.repeat) return;
    const key = nameOfKey(event);
    if (!key) return;
    // Space and Enter belong to whatever button or link has the focus.
    if (key === 'Space' && isInteractive(event.target)) return;
    const found = reader.read(key, isTextField(event.target), event.timeStamp);
    if (!found) return;
    event.preventDefault();
    found.run();
  };
  onMounted(() => window.addEventListener('keydown', onKey));
  onBeforeUnmount(() => window.removeEventListener('keydown', onKey));
}

function isTextField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return (
    target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'range'].includes(target.type)
  );
}

function isInteractive(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest('button, a, input, select, textarea, summary, [role="slider"]') !== null
  );
}
