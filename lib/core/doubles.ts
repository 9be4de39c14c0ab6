/**
 * A way to begin fields that will pass 2^31: byte offsets and byte counts of fast connections.
 *
 * V8 keeps a field that has only ever held small integers as one, and throws away all compiled code that knows it on the
 * day it does not fit any more: two gigabytes into a transfer, everything would be compiled again, for a second or more. A
 * field that has held a fraction once is a double for good. So such fields are given AS_DOUBLE first and their value
 * after that; numbers in between mean nothing. `bench/e2e/cases/bulk.ts` shows the difference.
 */

export const AS_DOUBLE = 0.5;
