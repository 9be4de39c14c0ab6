// Sets the repository up: `node scripts/setup.mjs [--force]`, also `npm run build`. See lib/setup.mjs.

import { setup } from './lib/setup.mjs';

await setup({ force: process.argv.includes('--force') });
