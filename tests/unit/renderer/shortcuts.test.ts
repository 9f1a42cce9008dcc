import { expect, it } from 'vitest';
import { nameOfKey, type Shortcut, ShortcutReader } from '../../../renderer/composables/shortcuts';

function reading() {
  const heard: string[] = [];
  const shortcuts: Shortcut[] = ['Mod+o', 'Space', '/', '?', 'g d', 'g t', 'd'].map((keys) => ({
    keys,
    inFields: keys.startsWith('Mod'),
    run: () => heard.push(keys),
  }));
  const reader = new ShortcutReader(() => shortcuts);
  const press = (key: string, now: number, inField = false) => reader.read(key, inField, now)?.run();
  return { heard, press };
}

const event = { ctrlKey: false, metaKey: false, altKey: false };

it('names keys with Ctrl and Cmd alike and leaves modifiers and Alt alone', () => {
  expect(nameOfKey({ ...event, key: 'o', ctrlKey: true })).toBe('Mod+o');
  expect(nameOfKey({ ...event, key: 'O', metaKey: true })).toBe('Mod+o');
  expect(nameOfKey({ ...event, key: ' ' })).toBe('Space');
  expect(nameOfKey({ ...event, key: 'Shift' })).toBeNull();
  expect(nameOfKey({ ...event, key: 'o', altKey: true })).toBeNull();
});

it('reads two keys one after the other, within a moment', () => {
  const { heard, press } = reading();
  press('g', 0);
  press('t', 300);
  press('g', 1000);
  press('d', 5000);
  expect(heard).toEqual(['g t', 'd']);
});

it('takes a first key that is followed by another one as nothing', () => {
  const { heard, press } = reading();
  press('g', 0);
  press('/', 100);
  expect(heard).toEqual(['/']);
});

it('leaves plain keys to the text field that has the focus', () => {
  const { heard, press } = reading();
  press('/', 0, true);
  press('g', 10, true);
  press('d', 20, true);
  press('Mod+o', 30, true);
  expect(heard).toEqual(['Mod+o']);
});
