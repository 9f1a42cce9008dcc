import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Process trees by /proc: these tests run on Linux, where the Electron that they drive comes from. */
interface RunningProcess {
  pid: number;
  parent: number;
  state: string;
  command: string;
}

function readProcess(pid: number): RunningProcess | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name stands in brackets and may hold anything.
    const [state = '', parent = '0'] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid, parent: Number(parent), state, command };
  } catch {
    // Gone between being listed and being read.
    return undefined;
  }
}

/** The processes that descend from `pid`, without itself. */
export function descendants(pid: number): RunningProcess[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)) ?? []);
  const found: RunningProcess[] = [];
  const parents = [pid];
  for (let parent = parents.shift(); parent !== undefined; parent = parents.shift()) {
    const children = all.filter((process) => process.parent === parent);
    found.push(...children);
    parents.push(...children.map((child) => child.pid));
  }
  return found;
}

export function lives(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && readProcess(pid)?.state !== 'Z';
}
