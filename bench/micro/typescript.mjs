// Lets Node run the TypeScript of this repository in place: `node --import ./bench/micro/typescript.mjs file.ts`.
//
// Strips types and checks nothing; `npm run check` does that. An import of `./x.js` finds `./x.ts`. For benchmarks and
// generators of test data only: what is published is compiled by tsc.

import { register } from 'node:module';

// Node 26 warns of `register`; what it recommends instead is not in Node 20.
const { noDeprecation = false } = process;
process.noDeprecation = true;
register('./typescript-hooks.mjs', import.meta.url);
process.noDeprecation = noDeprecation;
