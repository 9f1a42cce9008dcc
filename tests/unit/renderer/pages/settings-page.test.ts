// @vitest-environment happy-dom
import { afterEach, expect, it } from 'vitest';
import SettingsPage from '../../../../renderer/pages/settings/SettingsPage.vue';
import { useRunsStore } from '../../../../renderer/stores/runs';
import { useSettingsStore } from '../../../../renderer/stores/settings';
import { button, closePages, mountPage, text, until } from '../support';

afterEach(closePages);

const open = (kind: 'web' | 'electron' = 'web') =>
  mountPage(SettingsPage, {
    host: { kind },
    before: () => {
      void useSettingsStore().load();
      useRunsStore().watch();
    },
  });

it('changes the theme of the whole window and keeps it', async () => {
  const { studio } = await open();
  const theme = await until(() => document.getElementById('theme') as HTMLSelectElement | null);
  theme.value = 'dark';
  theme.dispatchEvent(new Event('change'));
  await until(() => document.documentElement.dataset.theme === 'dark');
  expect(await studio.client.call('studio.settings', {})).toMatchObject({ theme: 'dark' });
});

it('says what could not be changed and leaves the setting as it was', async () => {
  const { studio } = await open();
  const jobs = await until(() => document.getElementById('jobs-at-once') as HTMLSelectElement | null);
  studio.failNext('studio.changeSettings', { code: 'io', message: 'The settings cannot be written.' });
  jobs.value = '3';
  jobs.dispatchEvent(new Event('change'));
  await until(() => text().includes('The settings cannot be written.'));
  expect(await studio.client.call('studio.settings', {})).toMatchObject({ jobsAtOnce: 1 });
});

it('has the question about closing in the desktop window alone', async () => {
  await open('web');
  await until(() => document.getElementById('theme'));
  expect(document.getElementById('on-close')).toBeNull();
  closePages();
  await open('electron');
  await until(() => document.getElementById('on-close'));
});

it('counts the checkpoints of every run and cleans them up', async () => {
  const { studio } = await open();
  await until(() => text().includes('160 MiB in 8 runs'));
  button('Clean up all')!.click();
  await until(() => studio.calls.some((call) => call.name === 'runs.cleanUp'));
});

it('shows what the doctor found, with the remedy', async () => {
  await open();
  await until(() => text().includes('The Electron runtime is old (22.3.25).'));
  expect(text()).toContain('npm start -- --web');
  expect(text()).toContain('native TensorFlow 2.15.1');
});
