import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { app, type BrowserWindow, type Rectangle, screen } from 'electron';
import { z } from 'zod';

const windowState = z.object({
  x: z.number().int().optional(),
  y: z.number().int().optional(),
  width: z.number().int().min(400),
  height: z.number().int().min(300),
  maximized: z.boolean(),
});
type WindowState = z.infer<typeof windowState>;

const usual: WindowState = { width: 1440, height: 900, maximized: false };
const stateFile = () => join(app.getPath('userData'), 'window.json');

/** Where the window was last; in the middle of the screen when that place is on no screen any more. */
export function readWindowState(): WindowState {
  let state: WindowState;
  try {
    state = windowState.parse(JSON.parse(readFileSync(stateFile(), 'utf8')));
  } catch {
    // Absent at the first start; a torn or foreign file is worth no more than an absent one.
    return usual;
  }
  const { x, y, width, height, maximized } = state;
  if (x === undefined || y === undefined || !isVisible({ x, y, width, height }))
    return { width, height, maximized };
  return state;
}

function isVisible({ x, y, width, height }: Rectangle): boolean {
  return screen
    .getAllDisplays()
    .some(
      ({ workArea }) =>
        x + width > workArea.x + 100 &&
        x < workArea.x + workArea.width - 100 &&
        y >= workArea.y - 10 &&
        y + Math.min(height, 100) < workArea.y + workArea.height + 10,
    );
}

export function keepWindowState(window: BrowserWindow): void {
  const state: WindowState = { ...window.getNormalBounds(), maximized: window.isMaximized() };
  const beside = `${stateFile()}.new`;
  mkdirSync(dirname(beside), { recursive: true });
  writeFileSync(beside, JSON.stringify(state));
  renameSync(beside, stateFile());
}
