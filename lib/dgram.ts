/**
 * `burstwire/dgram`: node:dgram's API on the batched engine. Change the import, keep the program.
 *
 * The front door: names only. As node:dgram, it has them all twice: by name, and on its default export.
 */

export * from './api/dgram/index.js';
export * as default from './api/dgram/index.js';
