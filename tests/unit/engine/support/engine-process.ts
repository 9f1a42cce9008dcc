import type { ChildProcess } from 'node:child_process';
import { type ChannelClient, connectClient } from '../../../../src/channel/common/channel';
import { launch } from '../../../../src/channel/node/launcher';
import { pipeTransport } from '../../../../src/channel/node/pipe-transport';
import type { EngineCalls, EngineStreams } from '../../../../src/contract/engine';

export interface StartedEngine {
  child: ChildProcess;
  client: ChannelClient<EngineCalls, EngineStreams>;
  lines: string[];
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

export function startEngine(entry: string): StartedEngine {
  const lines: string[] = [];
  const { child, pipe } = launch(entry, { onErrorLine: (line) => lines.push(line) });
  const client = connectClient<EngineCalls, EngineStreams>(pipeTransport(pipe));
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  return { child, client, lines, exited };
}
