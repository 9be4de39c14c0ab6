// `npm run fix`: everything that `npm run check` can mend by itself: Biome's safe fixes, clang-format.

import { listFiles } from './lib/files.mjs';
import { tools } from './lib/paths.mjs';
import { passThrough, which } from './lib/run.mjs';

const biome = await passThrough(process.execPath, [tools.biome, 'check', '--write', '.']);
let format = 0;
if (which('clang-format')) {
  const files = ['native', 'bench'].flatMap((folder) =>
    listFiles(folder, (name) => /\.(cc|h)$/.test(name)),
  );
  if (files.length > 0) format = await passThrough('clang-format', ['-i', ...files]);
} else {
  console.log('clang-format is not installed: apt-get install clang-format');
}
process.exitCode = biome || format;
