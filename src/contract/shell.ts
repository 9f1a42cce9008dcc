import { z } from 'zod';

/** Where the native menus can send the page. */
export const menuPages = ['data', 'train', 'runs', 'model', 'export', 'settings'] as const;

/** What a native menu, a notification or a second start of the program asks of the page. */
export const menuCommand = z.discriminatedUnion('name', [
  z.object({ name: z.literal('open-folder') }),
  /** From "Open recent", or a folder named on the command line. */
  z.object({ name: z.literal('open-path'), path: z.string() }),
  z.object({ name: z.literal('go'), page: z.enum(menuPages) }),
  z.object({ name: z.literal('show-run'), run: z.string() }),
  z.object({ name: z.literal('train') }),
  z.object({ name: z.literal('shortcuts') }),
]);
export type MenuCommand = z.infer<typeof menuCommand>;

/** What happens to running jobs when the window closes. */
export const closeAnswer = z.enum(['background', 'pause', 'stop', 'cancel']);
export type CloseAnswer = z.infer<typeof closeAnswer>;

export const fileFilter = z.object({
  name: z.string().max(100),
  /** Without the dot. */
  extensions: z.array(z.string().max(20)).max(50),
});
export type FileFilter = z.infer<typeof fileFilter>;

function call<Result>() {
  return <Params extends z.ZodType>(params: Params) => ({ params, result: undefined as unknown as Result });
}

/** What a page may ask of the native shell around it. Nothing here touches data or runs. */
export const shellCalls = {
  /** The native folder dialog; null when cancelled. */
  'shell.chooseFolder': call<string | null>()(z.object({ title: z.string().max(200).optional() })),
  'shell.chooseFile': call<string | null>()(
    z.object({ title: z.string().max(200).optional(), filters: z.array(fileFilter).max(20) }),
  ),
  'shell.showInFolder': call<Record<string, never>>()(z.object({ path: z.string().max(32_768) })),
  /** The page asks about running jobs itself when the window closes; otherwise the shell shows a native dialog. */
  'shell.watchClose': call<Record<string, never>>()(z.object({ watch: z.boolean() })),
  'shell.answerClose': call<Record<string, never>>()(z.object({ answer: closeAnswer })),
};

export type ShellCallName = keyof typeof shellCalls;
export type ShellCalls = {
  [Name in ShellCallName]: {
    params: z.input<(typeof shellCalls)[Name]['params']>;
    result: (typeof shellCalls)[Name]['result'];
  };
};

/** What the shell tells a page. */
export type ShellEvent =
  | { name: 'menu'; command: MenuCommand }
  /** The window is to be closed while jobs run; the page answers with shell.answerClose. */
  | { name: 'close-requested'; jobs: number };
