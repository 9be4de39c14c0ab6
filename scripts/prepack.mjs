// Run by npm before `npm pack` and `npm publish`: dist/ and prebuilds/ from the sources as they are now.

import { setup } from './lib/setup.mjs';
import { prebuildAll } from './prebuild.mjs';

await setup({ addon: false });
if (!(await prebuildAll())) process.exitCode = 1;
