/**
 * Writes answers.json: `node --import ./bench/micro/typescript.mjs test/vectors/answers/record.ts`.
 *
 * Run once, when the format was made; what wire-0.1.test.ts says of its recordings holds for this one, too.
 */

import { writeFileSync } from 'node:fs';
import { conversations } from './conversation.js';

const file = new URL('../answers.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(conversations(), null, 2)}\n`);
