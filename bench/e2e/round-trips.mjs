// One request at a time, and how long each answer took: what every echo client does. Tells the runner by IPC.

export const PAYLOAD = Buffer.alloc(64, 0x5a);
export const isServer = process.argv[2] === 'server';

/** What the server told the runner. */
export function serverInfo() {
  return JSON.parse(process.argv[3]);
}

/** -> `onAnswer`: call it with the number of bytes that came. `send`: sends PAYLOAD once. */
export function measureRoundTrips(send) {
  const warmUp = Number(process.argv[4]);
  const requests = Number(process.argv[5]);
  const micros = new Float64Array(requests);
  let done = -warmUp;
  let sentAt = 0;
  let bytes = 0;
  const next = () => {
    sentAt = performance.now();
    send();
  };
  next();
  return (byteLength) => {
    bytes += byteLength;
    if (bytes < PAYLOAD.length) return;
    bytes = 0;
    if (done >= 0) micros[done] = (performance.now() - sentAt) * 1000;
    done++;
    if (done < requests) {
      next();
      return;
    }
    micros.sort();
    const at = (share) => micros[Math.min(Math.floor(requests * share), requests - 1)];
    process.send({ p50: at(0.5), p99: at(0.99) });
  };
}
