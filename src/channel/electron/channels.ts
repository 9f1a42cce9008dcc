/** Names on Electron's IPC. Frames carry the number of their connection, so that none reaches a page that was reloaded. */
export const ipcChannels = {
  /** shell -> page: the document is known to the shell and may speak from now on. */
  greeted: 'descent:greeted',
  /** both ways: (connection, bytes). */
  frame: 'descent:frame',
  /** shell -> page: (connection). */
  opened: 'descent:opened',
  closed: 'descent:closed',
  /** page -> shell, answered: (name, params). */
  request: 'descent:request',
  /** shell -> page: a ShellEvent. */
  event: 'descent:event',
} as const;

/** An error's way through `ipcRenderer.invoke`, which would wrap a thrown one in words of its own. */
export type Answer = { result: unknown } | { error: string };
