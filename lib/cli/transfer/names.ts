/**
 * Names of files that another machine has chosen: which of them may exist in our folder. Pure.
 *
 * Called by the receiver. Invariant: what `checkName` lets through is one name in one folder, can be shown on a
 * terminal, and leaves room for what is put behind it.
 */

export const PART_SUFFIX = '.part';
const NAME_MAX_BYTES = 255 - PART_SUFFIX.length;

/** Why it cannot be taken; undefined: it can. */
export function checkName(name: unknown): string | undefined {
  if (typeof name !== 'string' || name === '') return 'the file has no name';
  if (name === '.' || name === '..' || /[/\\]/.test(name)) return 'the name is a path';
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(name))
    return 'the name has characters that cannot be shown';
  if (Buffer.byteLength(name) > NAME_MAX_BYTES)
    return `the name is longer than ${NAME_MAX_BYTES} bytes`;
  if (name.endsWith(PART_SUFFIX))
    return `names that end in ${PART_SUFFIX} are for what is not complete`;
  return undefined;
}
