/**
 * How long a simulation may take on the wall: as long as it likes. It cannot be interrupted, and a machine that stands
 * still for a minute is no failure of what is tested; what must not take long is measured in virtual time.
 */
export const PATIENCE = { timeout: 600_000 };
