/**
 * The sending process of bulk.ts: connects, opens one stream, writes without end, and answers with snapshots.
 *
 * Started by bulk.ts only, which ends it; it ends by itself when that is gone.
 *
 * Invariant: what it switches is what its variant names, as in the receiver.
 */

import type { Connection } from '../../lib/api/connection.js';
import { AblationEndpoint } from './endpoint.js';
import { giveAll } from './hand-over.js';
import { takeSnapshot } from './snapshot.js';
import { variantOf } from './variants.js';

const variant = variantOf(process.argv[2]);
const { port, publicKey }: { port: number; publicKey: number[] } = JSON.parse(process.argv[3]);

let connection: Connection | undefined;
const endpoint = await AblationEndpoint.open(variant);
endpoint.onConnection = (made) => {
  connection = made;
  giveAll(made.openStream({ unidirectional: true }), variant.writing ?? 'bulk');
};
process.on('message', () => process.send!(takeSnapshot(endpoint.socket, connection)));
process.on('disconnect', () => process.exit());
endpoint.connect(port, Uint8Array.from(publicKey));
