import type { CloseAnswer, FileFilter, MenuCommand } from '../../src/contract/shell';

/** What surrounds the page: Electron's shell, or a browser that shows the web host. */
export interface Host {
  readonly kind: 'electron' | 'web';
  /** Node's name of the platform ('linux', 'darwin', 'win32'); in a browser guessed from its own. */
  readonly platform: string;
  /** Electron, Chrome and Node; empty in a browser. */
  readonly versions: Readonly<Record<string, string>>;
  /** The native folder dialog. Null when cancelled, and always in a browser: the page then shows its own over `data.browse`. */
  chooseFolder(title?: string): Promise<string | null>;
  /** The native file dialog; null as above. */
  chooseFile(filters: FileFilter[], title?: string): Promise<string | null>;
  /** Shows a file or folder in the system's file manager. False where that is not possible. */
  showInFolder(path: string): Promise<boolean>;
  /** The absolute path of a file or folder that was dropped on the page; null in a browser. */
  pathOfDroppedFile(file: File): string | null;
  /** The title of the window (or the tab). */
  setTitle(title: string): void;
  /** Commands of the native menus, notifications and further starts of the program. One listener; never called in a browser. */
  onMenu(listener: (command: MenuCommand) => void): void;
  /**
   * The page takes over the question that closing the window raises while `jobs` jobs run, and answers by `answerClose`.
   * Without a listener the shell asks by a native dialog. Never called in a browser, where jobs go on anyway.
   */
  onCloseRequested(listener: (jobs: number) => void): void;
  answerClose(answer: CloseAnswer): void;
  /**
   * Tells of the end of a job by a notification of the system, where the person allowed it. In Electron nothing happens:
   * there the shell notifies by itself, also while no page is open, and a click shows the run.
   */
  notify(title: string, body: string): void;
}
