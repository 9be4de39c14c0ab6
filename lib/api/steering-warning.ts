/**
 * One warning in a process when shards share a port and nothing steers by connection id. Called by `ShardGroup.bind` and,
 * for a shard that is in no group, by `Endpoint.bind`.
 *
 * Invariant: at most one warning in a process.
 */

let warned = false;

/** @param count shards that the port has */
export function warnUnsteered(count: number, reason: string, remedy: string): void {
  if (warned) return;
  warned = true;
  const effect =
    count === 1
      ? 'one shard serves the port'
      : 'peers are spread by address and port, and one whose address changes loses its connection';
  process.emitWarning(`burstwire: nothing steers by connection id: ${effect}`, {
    code: 'BURSTWIRE_NOT_STEERED',
    detail: `Reason: ${reason}\nRemedy: ${remedy}`,
  });
}
