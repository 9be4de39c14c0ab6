/**
 * The matrix: on which path, for which application, which controller has to reach what (docs/congestion.md).
 *
 * A gate is what a controller claims, not what it was seen to do: a cell that is not passed stays, and the page says so.
 * Run by matrix.test.ts.
 *
 * Invariant: names are unique within a group; `isQuick` ones pass, and take a few seconds together.
 */

import type { Cell } from './cell.js';
import { APPLICATIONS } from './cells/applications.js';
import { CHANGES } from './cells/changes.js';
import { COMPETITION } from './cells/competition.js';
import { DISTURBANCES } from './cells/disturbances.js';
import { LINKS } from './cells/links.js';

export const CELLS: readonly Cell[] = [
  ...LINKS,
  ...DISTURBANCES,
  ...CHANGES,
  ...COMPETITION,
  ...APPLICATIONS,
];
