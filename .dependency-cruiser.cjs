// Imports run downwards only (ARCHITECTURE.md, "Rooms"). Each room names the rooms that it may import; all else is an error.
const mayImport = {
  contract: [],
  files: ['contract'],
  channel: ['contract', 'files'],
  dataset: ['contract', 'files'],
  graph: ['contract', 'files'],
  model: ['contract', 'files', 'dataset', 'graph'],
  pipeline: ['contract', 'files', 'dataset', 'graph'],
  training: ['contract', 'files', 'dataset', 'graph', 'model', 'pipeline'],
  export: ['contract', 'files', 'dataset', 'graph', 'model', 'pipeline'],
  serving: ['contract', 'files', 'dataset', 'graph', 'model', 'pipeline'],
  engine: [
    'contract',
    'files',
    'channel',
    'dataset',
    'graph',
    'model',
    'pipeline',
    'training',
    'export',
    'serving',
  ],
  record: ['contract', 'files', 'dataset', 'channel'],
  studio: ['contract', 'files', 'dataset', 'channel', 'record'],
  web: ['contract', 'files', 'dataset', 'channel', 'record', 'studio'],
  cli: ['contract', 'files', 'dataset', 'channel', 'record', 'studio', 'web'],
};
const withTensorFlow = ['graph', 'model', 'pipeline', 'training', 'export', 'serving', 'engine'];
const one = (names) => `(${names.join('|')})`;

const roomRules = Object.entries(mayImport).map(([room, allowed]) => ({
  name: `${room}-imports-downwards`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: '^(src|electron|renderer|tests)/', pathNot: `^src/${one([room, ...allowed])}/` },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...roomRules,
    {
      name: 'renderer-knows-contract-and-codec-alone',
      severity: 'error',
      from: { path: '^renderer/' },
      to: { path: '^(src|electron|tests)/', pathNot: '^src/(contract|channel/(common|browser))/' },
    },
    {
      name: 'shell-knows-contract-channel-and-files-alone',
      severity: 'error',
      from: { path: '^electron/' },
      to: { path: '^(src|renderer|tests)/', pathNot: '^src/(contract|channel|files)/' },
    },
    {
      name: 'tensorflow-in-the-engine-alone',
      severity: 'error',
      from: { path: '^(src|electron|renderer)/', pathNot: `^src/${one(withTensorFlow)}/` },
      to: { path: 'node_modules/@tensorflow/' },
    },
    {
      name: 'electron-in-the-shell-alone',
      severity: 'error',
      from: { path: '^(src|renderer)/', pathNot: '^src/channel/electron/' },
      to: { path: '(^|/)node_modules/electron/' },
    },
    {
      name: 'common-knows-no-runtime',
      severity: 'error',
      from: { path: '/common/' },
      to: { path: '/(node|browser|electron)/', pathNot: 'node_modules' },
    },
    {
      name: 'common-uses-no-node-modules-of-node',
      severity: 'error',
      from: { path: '^src/([^/]+/common|contract)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-undeclared-packages',
      severity: 'error',
      from: { path: '^(src|electron)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.node.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.vue', '.js', '.cjs', '.mjs', '.json'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};
