// Files of Node's tests of dgram that cannot pass with `burstwire/dgram`, each with the reason.
//
// Read by scripts/dgram-conformance.mjs, which fails when this list is not true in either direction.

const HANDLE = "replaces parts of Node's own handle, found by a symbol of Node's insides";

const BOTH = {
  'parallel/test-dgram-create-socket-handle-fd.js':
    'tests a deprecated function that makes handles of Node: `dgram._createSocketHandle`',
};

const NATIVE = {
  'parallel/test-child-process-fork-dgram.js':
    'sends a socket to a child process, which Node does with handles of its own only',
  'parallel/test-dgram-bind-fd-error.js':
    "reads the descriptor from Node's own handle, found by a symbol of Node's insides",
  'parallel/test-dgram-close-during-bind.js': HANDLE,
  'parallel/test-dgram-close.js': HANDLE,
  'parallel/test-dgram-recv-error.js': HANDLE,
  'parallel/test-dgram-send-error.js': HANDLE,
  'async-hooks/test-udpsendwrap.js':
    'wants no UDPSENDWRAP before the tick ends; ours is made when `send` is called, so that a callback has its context',
  'sequential/test-dgram-implicit-bind-failure.js': HANDLE,
};

/** Why a file cannot pass on an engine; undefined when it must. */
export function expectedFailures(engine, file) {
  return BOTH[file] ?? (engine === 'native' ? NATIVE[file] : undefined);
}

const NETWORK =
  'needs an interface to a network, with multicast, and a machine that is not busy: it gives up after seconds';

const UNREACHABLE = {
  'internet/test-dgram-broadcast-multi-process.js': NETWORK,
  'internet/test-dgram-multicast-multi-process.js': NETWORK,
  'internet/test-dgram-multicast-ssm-multi-process.js': NETWORK,
  'internet/test-dgram-multicast-ssmv6-multi-process.js': NETWORK,
};

/** Why a file may fail with `node:dgram` as well, whatever the engine; undefined when it may not. */
export function unreachable(file) {
  return UNREACHABLE[file];
}
