import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process, told apart from a later one that got the same number. `started` is in milliseconds since 1970. */
export interface ProcessIdentity {
  pid: number;
  started: number;
}

// The start time is derived from a clock that may be corrected while the process runs.
const startToleranceMilliseconds = 10_000;
const linuxTicksPerSecond = 100;

let own: ProcessIdentity | undefined;

/** The identity of this process. */
export function ownProcessIdentity(): ProcessIdentity {
  own ??= { pid: process.pid, started: Math.round(Date.now() - process.uptime() * 1000) };
  return own;
}

/** True while the process of that identity lives. A start time that can't be found out counts as equal. */
export function isProcessAlive(identity: ProcessIdentity): boolean {
  if (identity.pid === process.pid) return closeTo(identity.started, ownProcessIdentity().started);
  if (!isProcessRunning(identity.pid)) return false;
  const started = startTimeOf(identity.pid);
  return started === undefined || closeTo(identity.started, started);
}

/** True when some process has this number (a zombie has ended and does not count). */
export function isProcessRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return process.platform !== 'linux' || linuxStat(pid)?.state !== 'Z';
}

function closeTo(first: number, second: number): boolean {
  return Math.abs(first - second) <= startToleranceMilliseconds;
}

function startTimeOf(pid: number): number | undefined {
  if (process.platform === 'linux') {
    const stat = linuxStat(pid);
    const bootTime = stat && linuxBootSeconds();
    return bootTime === undefined ? undefined : (bootTime + stat!.startTicks / linuxTicksPerSecond) * 1000;
  }
  const [program, parameters] =
    process.platform === 'win32'
      ? [
          'powershell.exe',
          [
            '-NoProfile',
            '-Command',
            `(Get-Process -Id ${pid}).StartTime.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ')`,
          ],
        ]
      : ['ps', ['-o', 'lstart=', '-p', String(pid)]];
  try {
    const text = execFileSync(program as string, parameters as string[], {
      encoding: 'utf8',
      timeout: 10_000,
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const started = Date.parse(text.trim());
    return Number.isNaN(started) ? undefined : started;
  } catch {
    // The program is not to be had: the process number alone has to do.
    return undefined;
  }
}

/** Fields 3 (state) and 22 (start time in clock ticks since boot) of /proc/<pid>/stat, see proc(5). */
function linuxStat(pid: number): { state: string; startTicks: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may hold spaces and parentheses itself.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', startTicks: Number(fields[19]) };
  } catch {
    return undefined;
  }
}

function linuxBootSeconds(): number | undefined {
  try {
    const seconds = /^btime (\d+)/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1];
    return seconds === undefined ? undefined : Number(seconds);
  } catch {
    return undefined;
  }
}
