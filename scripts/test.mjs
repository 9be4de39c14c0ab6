// `npm test`: set-up, then vitest. Arguments go to it: `npm test -- test/unit/options.test.ts`.

import { tools } from './lib/paths.mjs';
import { passThrough } from './lib/run.mjs';
import { setup } from './lib/setup.mjs';

await setup();
const args = [tools.vitest, 'run', ...process.argv.slice(2)];
process.exitCode = await passThrough(process.execPath, args);
