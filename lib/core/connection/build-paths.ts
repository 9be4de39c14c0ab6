/**
 * Packets that ask and answer on paths: PATH_CHALLENGE and PATH_RESPONSE, on the path that they are about.
 *
 * They carry nothing else, so that their loss costs nothing and says nothing of congestion. Which path is asked, migration.ts
 * decides. Called by build.ts before everything else.
 *
 * Invariants: a packet fills 1,200 bytes, or all that the limit of amplification leaves; at most one packet a path and
 * call; a packet to another address carries an id that was never seen elsewhere, where the peer has changed its own.
 */

import { BASE_DATAGRAM_BYTES } from '../config.js';
import { FRAME_PATH_CHALLENGE, FRAME_PATH_RESPONSE, PATH_DATA_BYTES } from '../wire/frame-types.js';
import { PATH_FRAME_BYTES, writePath } from '../wire/frame-writer.js';
import { SENT_PATH_CHALLENGE, SENT_PATH_RESPONSE } from '../wire/sent-kinds.js';
import { commitPacket } from './commit-packet.js';
import type { ConnectionState } from './connection-state.js';
import type { PacketBuilder } from './packet-builder.js';
import type { Path } from './path.js';

/** Header, tag and one frame. */
const LEAST_BYTES = 29 + PATH_FRAME_BYTES;
const SPARE_ID = new Uint8Array(8);

/** What waits on any path. True when the batch had no room for all of it. */
export function buildPathPackets(
  state: ConnectionState,
  builder: PacketBuilder,
  nowUs: number,
): boolean {
  const { paths } = state;
  let isFull = false;
  for (let index = 0; index < paths.all.length; index++) {
    const path = paths.all[index];
    if (!path.hasPending) continue;
    if (builder.hasRoom(BASE_DATAGRAM_BYTES)) buildPathPacket(state, builder, path, nowUs);
    else isFull = true;
  }
  paths.target = paths.current;
  builder.openConnection(state, state.recovery);
  return isFull;
}

function buildPathPacket(
  state: ConnectionState,
  builder: PacketBuilder,
  path: Path,
  nowUs: number,
): void {
  const room = path.isValidated
    ? BASE_DATAGRAM_BYTES
    : Math.min(BASE_DATAGRAM_BYTES, path.creditBytes);
  // More credit comes with the next packet from there.
  if (room < LEAST_BYTES) return;
  let id = state.remoteId;
  if (path.needsNewId) {
    if (!state.remoteIds.copySpare(SPARE_ID)) {
      refuse(state, path);
      return;
    }
    id = SPARE_ID;
  }
  state.paths.target = path;
  builder.openPath(path.peer, id);
  builder.begin(room);
  addResponses(builder, path);
  if (path.isChallengePending && builder.at + PATH_FRAME_BYTES <= builder.end) {
    const data = path.nextChallenge(room);
    state.random.fill(data);
    builder.at = writePath(builder.bytes, builder.at, FRAME_PATH_CHALLENGE, data);
    builder.record(SENT_PATH_CHALLENGE, 0, 0, 0);
  }
  // PADDING to the end.
  builder.bytes.fill(0, builder.at, builder.end);
  builder.at = builder.end;
  commitPacket(state, builder, nowUs, true);
}

function addResponses(builder: PacketBuilder, path: Path): void {
  let done = 0;
  while (done < path.responseCount && builder.at + PATH_FRAME_BYTES <= builder.end) {
    const data = path.responses.subarray(PATH_DATA_BYTES * done, PATH_DATA_BYTES * (done + 1));
    builder.at = writePath(builder.bytes, builder.at, FRAME_PATH_RESPONSE, data);
    builder.record(SENT_PATH_RESPONSE, 0, 0, 0);
    done++;
  }
  path.responses.copyWithin(0, PATH_DATA_BYTES * done);
  path.responseCount -= done;
}

/** No id is left that could be used there: the peer is not answered (RFC 9000 section 9.5). */
function refuse(state: ConnectionState, path: Path): void {
  state.paths.refused++;
  state.paths.challengesDropped += path.responseCount;
  path.responseCount = 0;
  path.stopChallenge();
}
