import { type Command, InvalidArgumentError } from 'commander';
import { type PackName, packNames } from '../../contract/base-packs';
import { formatBytes } from '../format';
import { ProgressLine } from '../progress-line';
import { withSession } from '../session';

export function addBaseCommand(program: Command): void {
  const base = program.command('base').description('pretrained bases that are fetched on request');
  base
    .command('list')
    .description('which there are, and which are installed')
    .option('--json', 'print the list as JSON')
    .action((_options, command: Command) =>
      withSession(command, async ({ client, output }) => {
        const { packs } = await client.call('bases.list', {});
        output.emit({ packs });
        for (const { name, model, description, bytes, path } of packs) {
          output.say(`${name}: ${description} ${formatBytes(bytes)} to download. --model ${model}:${name}`);
          output.say(path ? `    installed in ${path}` : `    not installed: descent base install ${name}`);
        }
        return undefined;
      }),
    );
  base
    .command('install')
    .description('download a base with pip and keep it in the cache folder')
    .argument('<name>', packNames.join(', '), parsePackName)
    .option('--json', 'print where it is as JSON')
    .action((name: PackName, _options, command: Command) =>
      withSession(command, async ({ client, output, interruption }) => {
        const line = new ProgressLine();
        try {
          for await (const event of client.listen('bases.install', { name }, { signal: interruption })) {
            if (event.type === 'progress') {
              const note = event.stage === 'downloading' ? formatBytes(event.done) : '';
              line.update(`${name}: ${event.stage}`, event.done, event.total, note);
              continue;
            }
            line.clear();
            output.emit({ type: 'done', base: name, path: event.path });
            output.say(`${name} is in ${event.path}`);
          }
        } finally {
          line.clear();
        }
        return undefined;
      }),
    );
}

function parsePackName(text: string): PackName {
  const name = packNames.find((candidate) => candidate === text);
  if (!name) throw new InvalidArgumentError(`The bases are ${packNames.join(', ')}.`);
  return name;
}
