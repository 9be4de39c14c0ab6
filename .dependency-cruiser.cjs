// The import rules, checked by `npm run check`: which folder of lib/ may import which.
//
//   udp.ts, index.ts -> api -> { io, crypto, core };  io -> { core/endpoint, core/ports, native, batch };
//   crypto -> { core/ports, native, batch };  native -> batch;  batch -> nothing;  core -> batch;  cli -> all but core
//   inside core: { range-set, token-bucket, event-ring, config, ports, error-codes } < wire < { handshake, recovery,
//   congestion, streams, datagrams } < connection < endpoint
//
// A rule says what is forbidden; its comment says what would be lost.

/** Files of a folder of lib/. */
const lib = (...folders) => `^lib/(${folders.join('|')})/`;

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, and neither can be tested alone.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'batch-imports-nothing',
      comment: 'The shared table is below everything, in both languages.',
      severity: 'error',
      from: { path: lib('batch') },
      to: { pathNot: lib('batch') },
    },
    {
      name: 'native-imports-batch-only',
      comment: 'The door to the .node file knows the table and Node, nothing of ours above it.',
      severity: 'error',
      from: { path: lib('native') },
      to: { path: '^lib/', pathNot: lib('native', 'batch') },
    },
    {
      name: 'io-imports-inward',
      comment:
        'Engines serve the API; an engine that knows the API cannot be replaced. The driver turns the core.',
      severity: 'error',
      from: { path: lib('io') },
      to: {
        path: '^lib/',
        pathNot: '^lib/(io/|native/|batch/|core/ports\\.ts$|core/endpoint/endpoint\\.ts$)',
      },
    },
    {
      name: 'api-does-not-reach-the-binding',
      comment: 'The API speaks to engines; which one it is, it must not know.',
      severity: 'error',
      from: { path: lib('api') },
      to: { path: '^lib/', pathNot: lib('api', 'io', 'crypto', 'core', 'native', 'batch') },
    },
    {
      name: 'api-imports-native-types-only',
      comment: 'Values of the binding stay behind lib/io and the loader.',
      severity: 'error',
      from: { path: lib('api') },
      to: {
        path: lib('native'),
        pathNot: '^lib/native/load\\.ts$',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'front-door-imports-api',
      comment: 'What is exported is written in lib/api; the front door only lists it.',
      severity: 'error',
      from: { path: '^lib/[^/]+\\.ts$' },
      to: { path: '^lib/', pathNot: '^lib/(api/|crypto/identity\\.ts$)' },
    },
    {
      name: 'core-imports-batch-only',
      comment: 'The protocol machine is pure: no socket, no clock, no dice, no Node.',
      severity: 'error',
      from: { path: lib('core') },
      to: { pathNot: lib('core', 'batch') },
    },
    {
      name: 'core-leaves',
      comment:
        'Configuration, ports, codes and the small tables serve every room of the core and know none.',
      severity: 'error',
      from: { path: '^lib/core/[^/]+\\.ts$' },
      to: { path: '^lib/core/[^/]+/' },
    },
    {
      name: 'core-wire-is-a-codec',
      comment: 'Bytes and numbers; what they mean is the business of the rooms above.',
      severity: 'error',
      from: { path: '^lib/core/wire/' },
      to: { path: '^lib/core/[^/]+/', pathNot: '^lib/core/wire/' },
    },
    ...['handshake', 'recovery', 'congestion', 'streams', 'datagrams'].map((room) => ({
      name: `core-${room}-knows-no-sibling`,
      comment: 'Each can be read, tested and replaced alone; the connection joins them.',
      severity: 'error',
      from: { path: `^lib/core/${room}/` },
      to: { path: '^lib/core/[^/]+/', pathNot: `^lib/core/(wire|${room})/` },
    })),
    {
      name: 'core-connection-knows-no-endpoint',
      comment: 'A connection asks its endpoint through connection-host alone.',
      severity: 'error',
      from: { path: '^lib/core/connection/' },
      to: { path: '^lib/core/endpoint/' },
    },
    {
      name: 'crypto-serves-the-core',
      comment:
        'Adapters of the ports: they know the ports and what implements them, nothing else of the machine.',
      severity: 'error',
      from: { path: lib('crypto') },
      to: { path: '^lib/', pathNot: '^lib/(crypto/|native/|batch/|core/ports\\.ts$)' },
    },
    {
      name: 'cli-does-not-reach-the-core',
      comment: 'The command line uses what a user can use.',
      severity: 'error',
      from: { path: lib('cli') },
      to: { path: lib('core') },
    },
    {
      name: 'nobody-imports-the-cli',
      comment: 'The command line is a program, not a library.',
      severity: 'error',
      from: { path: '^lib/', pathNot: lib('cli') },
      to: { path: lib('cli') },
    },
    {
      name: 'lib-does-not-import-tests-or-benchmarks',
      comment: 'lib/ is what is published.',
      severity: 'error',
      from: { path: '^lib/' },
      to: { path: '^(test|bench|scripts|dist|build)/' },
    },
    {
      name: 'no-development-dependencies-in-lib',
      comment: 'They are not there once the package is installed.',
      severity: 'error',
      from: { path: '^lib/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'nothing-unresolvable',
      comment: 'An import that resolves to nothing escapes every rule above.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^dist/'] },
    // They import what is installed by hand, in bench/peers, or built.
    exclude: { path: '^bench/(peers|e2e)/' },
    tsConfig: { fileName: 'tsconfig.test.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types'] },
  },
};
