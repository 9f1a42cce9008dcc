import { readFile } from 'node:fs/promises';

/** How a processor computes with bfloat16: by matrix tiles (AMX), by vectors alone (AVX-512), or not at all. */
export type Bfloat16 = 'amx' | 'avx512' | 'none';

/** From the text of Linux' /proc/cpuinfo. */
export function bfloat16Of(processorInformation: string): Bfloat16 {
  const [, flags = ''] = /^flags\s*:(.*)$/m.exec(processorInformation) ?? [];
  const known = new Set(flags.split(/\s+/));
  if (known.has('amx_bf16')) return 'amx';
  return known.has('avx512_bf16') ? 'avx512' : 'none';
}

/** Of this computer; elsewhere than on Linux no engine has the setting, and so `none`. */
export async function readBfloat16(): Promise<Bfloat16> {
  if (process.platform !== 'linux') return 'none';
  return bfloat16Of(await readFile('/proc/cpuinfo', 'utf8'));
}
