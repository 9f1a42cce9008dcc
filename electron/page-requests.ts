import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { type BrowserWindow, dialog, shell } from 'electron';
import type { z } from 'zod';
import { DescentError } from '../src/contract/errors';
import { type ShellCallName, type ShellCalls, shellCalls } from '../src/contract/shell';
import type { CloseQuestion } from './closing';

type Answers = {
  [Name in ShellCallName]: (
    params: z.output<(typeof shellCalls)[Name]['params']>,
    window: BrowserWindow,
  ) => Promise<ShellCalls[Name]['result']>;
};

/** Answers the calls of src/contract/shell.ts; parameters are parsed against their schemas first. */
export function pageRequests(closing: CloseQuestion) {
  const answers: Answers = {
    'shell.chooseFolder': async ({ title }, window) => {
      const { filePaths } = await dialog.showOpenDialog(window, {
        properties: ['openDirectory', 'createDirectory'],
        ...(title ? { title } : {}),
      });
      return filePaths[0] ?? null;
    },
    'shell.chooseFile': async ({ title, filters }, window) => {
      const { filePaths } = await dialog.showOpenDialog(window, {
        properties: ['openFile'],
        filters,
        ...(title ? { title } : {}),
      });
      return filePaths[0] ?? null;
    },
    'shell.showInFolder': async ({ path }) => {
      if (!isAbsolute(path) || !existsSync(path))
        throw new DescentError('not-found', `There is no ${path}.`, { subject: path });
      shell.showItemInFolder(path);
      return {};
    },
    'shell.watchClose': async ({ watch }, window) => {
      closing.watch(window, watch);
      return {};
    },
    'shell.answerClose': async ({ answer }, window) => {
      closing.answer(window, answer);
      return {};
    },
  };
  return async (window: BrowserWindow, name: string, params: unknown): Promise<unknown> => {
    if (!Object.hasOwn(shellCalls, name))
      throw new DescentError('not-found', `The shell has no call named "${name}".`);
    const parsed = shellCalls[name as ShellCallName].params.safeParse(params);
    if (!parsed.success)
      throw new DescentError(
        'bad-input',
        `"${name}" was asked with wrong parameters: ${parsed.error.message}`,
      );
    const answer = answers[name as ShellCallName] as (
      params: unknown,
      window: BrowserWindow,
    ) => Promise<unknown>;
    return answer(parsed.data, window);
  };
}
