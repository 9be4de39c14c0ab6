/**
 * One warning in a process when something threw inside an endpoint that must not. Called by `Endpoint`.
 *
 * The connection concerned has ended with INTERNAL_ERROR by then, and the endpoint goes on: `stats().faults` counts on.
 *
 * Invariants: at most one warning in a process; it never throws, whatever was thrown.
 */

let warned = false;

export function warnOfFault(error: unknown): void {
  if (warned) return;
  warned = true;
  const isMemory = error instanceof RangeError && /allocation failed/i.test(error.message);
  process.emitWarning(
    isMemory
      ? `burstwire: no memory for a connection, which has ended: ${error.message}`
      : 'burstwire: a mistake inside has ended a connection; please report it',
    {
      code: 'BURSTWIRE_FAULT',
      detail: isMemory
        ? 'Remedy: lower maxConnections, maxConnectionData and maxStreamData'
        : describe(error),
    },
  );
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : `thrown: ${typeof error}`;
}
