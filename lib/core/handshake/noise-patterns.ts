/**
 * Handshake patterns of the Noise Protocol Framework (revision 34, sections 7 to 10 and 18) as data.
 *
 * Each pattern is its pre-messages and its messages, token by token; `psk` modifiers are applied by `patternOf`. The
 * interpreter is `HandshakeState`. The product speaks IK, XX, IKpsk2 and XXpsk3; the others are here because each is
 * one line, and public vectors exist that test the interpreter with them.
 *
 * Invariant: the table is the specification's; nothing else in the project knows a pattern.
 */

export type Token = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss' | 'psk';

export interface Pattern {
  readonly name: string;
  /** What the responder knows of the initiator beforehand: 's' or nothing. */
  readonly initiatorPre: readonly 's'[];
  readonly responderPre: readonly 's'[];
  /** Messages in turn, the initiator's first. */
  readonly messages: readonly (readonly Token[])[];
}

/** `pre-messages | message 1 | message 2 ...`; in the pre-messages `>s` is the initiator's key, `<s` the responder's. */
const TABLE: Readonly<Record<string, string>> = {
  N: '<s | e es',
  K: '>s <s | e es ss',
  X: '<s | e es s ss',

  NN: ' | e | e ee',
  NK: '<s | e es | e ee',
  NX: ' | e | e ee s es',
  KN: '>s | e | e ee se',
  KK: '>s <s | e es ss | e ee se',
  KX: '>s | e | e ee se s es',
  XN: ' | e | e ee | s se',
  XK: '<s | e es | e ee | s se',
  XX: ' | e | e ee s es | s se',
  IN: ' | e s | e ee se',
  IK: '<s | e es s ss | e ee se',
  IX: ' | e s | e ee se s es',

  NK1: '<s | e | e ee es',
  NX1: ' | e | e ee s | es',
  X1N: ' | e | e ee | s | se',
  X1K: '<s | e es | e ee | s | se',
  XK1: '<s | e | e ee es | s se',
  X1K1: '<s | e | e ee es | s | se',
  X1X: ' | e | e ee s es | s | se',
  XX1: ' | e | e ee s | es s se',
  X1X1: ' | e | e ee s | es s | se',
  K1N: '>s | e | e ee | se',
  K1K: '>s <s | e es | e ee | se',
  KK1: '>s <s | e | e ee se es',
  K1K1: '>s <s | e | e ee es | se',
  K1X: '>s | e | e ee s es | se',
  KX1: '>s | e | e ee se s | es',
  K1X1: '>s | e | e ee s | se es',
  I1N: ' | e s | e ee | se',
  I1K: '<s | e es s | e ee | se',
  IK1: '<s | e s | e ee se es',
  I1K1: '<s | e s | e ee es | se',
  I1X: ' | e s | e ee s es | se',
  IX1: ' | e s | e ee se s | es',
  I1X1: ' | e s | e ee s | se es',
};

function words(text: string): string[] {
  return text.split(' ').filter((word) => word !== '');
}

function parse(name: string, text: string): Pattern {
  const [pre, ...messages] = text.split('|');
  const preWords = words(pre);
  return {
    name,
    initiatorPre: preWords.includes('>s') ? ['s'] : [],
    responderPre: preWords.includes('<s') ? ['s'] : [],
    messages: messages.map((message) => words(message) as Token[]),
  };
}

/** `psk0` goes in front of the first message, `pskN` behind the Nth (section 9.4). */
function withPsk(messages: readonly (readonly Token[])[], place: number): (readonly Token[])[] {
  return messages.map((tokens, index): readonly Token[] => {
    if (place === 0 && index === 0) return ['psk', ...tokens];
    return index === place - 1 ? [...tokens, 'psk'] : tokens;
  });
}

/** Every handshake asks for one of a few. */
const READ = new Map<string, Pattern>();

/**
 * The pattern of a name such as `IK`, `XXpsk3` or `NNpsk0+psk2`.
 * Throws TypeError for a name that the table or the pattern's length does not allow.
 */
export function patternOf(name: string): Pattern {
  const known = READ.get(name);
  if (known !== undefined) return known;
  const pattern = readPattern(name);
  READ.set(name, pattern);
  return pattern;
}

function readPattern(name: string): Pattern {
  const base = /^[A-Z0-9]+/.exec(name)?.[0] ?? '';
  if (!Object.hasOwn(TABLE, base)) throw new TypeError(`no such Noise pattern: ${name}`);
  const pattern = parse(name, TABLE[base]);
  const modifiers = name.slice(base.length);
  if (modifiers === '') return pattern;

  let messages = pattern.messages;
  for (const modifier of modifiers.split('+')) {
    const place = /^psk([0-9])$/.exec(modifier)?.[1];
    if (place === undefined || Number(place) > messages.length) {
      throw new TypeError(`no such Noise modifier: ${name}`);
    }
    messages = withPsk(messages, Number(place));
  }
  return { ...pattern, messages };
}

/** Whether one-way: all transport messages go from the initiator to the responder (section 7.4). */
export function isOneWay(pattern: Pattern): boolean {
  return pattern.messages.length === 1;
}

/** Whether a pattern has psk tokens: then `e` is mixed into the key as well (section 9.2). */
export function usesPsk(pattern: Pattern): boolean {
  return pattern.messages.some((tokens) => tokens.includes('psk'));
}
