// Puts `burstwire/dgram` in the place of `dgram` in a program that was written for Node: `node --require dgram-hook.cjs`.
//
// Not for applications: they change their import. Used by scripts/dgram-conformance.mjs and by tests. BURSTWIRE_DGRAM names
// the module; what is imported from inside its own folder stays Node's.

'use strict';

const Module = require('node:module');
const { dirname } = require('node:path');
const { pathToFileURL } = require('node:url');

const facade = process.env.BURSTWIRE_DGRAM;
const ours = `${dirname(facade)}/`;
let loaded;

function loadFacade() {
  if (loaded === undefined) {
    // Node warns about a module that is required, and some programs under test allow no warning.
    const { emitWarning } = process;
    process.emitWarning = () => {};
    try {
      loaded = require(facade);
    } finally {
      process.emitWarning = emitWarning;
    }
  }
  return loaded;
}

const load = Module._load;
Module._load = function (request, parent, ...rest) {
  const isDgram = request === 'dgram' || request === 'node:dgram';
  if (isDgram && !parent?.filename?.startsWith(ours)) return loadFacade();
  return load.call(this, request, parent, ...rest);
};

const hook = `
  const facade = ${JSON.stringify(pathToFileURL(facade).href)};
  const ours = ${JSON.stringify(pathToFileURL(ours).href)};
  export function resolve(specifier, context, next) {
    const isDgram = specifier === 'dgram' || specifier === 'node:dgram';
    if (isDgram && !context.parentURL?.startsWith(ours)) return { url: facade, shortCircuit: true };
    return next(specifier, context);
  }`;
if (/\.mjs$/.test(process.argv[1] ?? '')) {
  Module.register(`data:text/javascript,${encodeURIComponent(hook)}`);
}
