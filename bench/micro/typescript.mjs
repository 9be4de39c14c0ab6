// Lets Node run the TypeScript of this repository in place: `node --import ./bench/micro/typescript.mjs file.ts`.
//
// Strips types and checks nothing; `npm run check` does that. An import of `./x.js` finds `./x.ts`. For benchmarks and
// generators of test data only: what is published is compiled by tsc.

import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
