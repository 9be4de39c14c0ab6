/**
 * A template tag that escapes: what is interpolated is text, unless it came out of the tag itself. Pure.
 *
 * Used by everything that writes the report page. Invariant: no string reaches the page unescaped but those written
 * in the templates.
 */

/** Markup that needs no escaping any more. Only `html` and `rawStyle` make it. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** The arrows of plain text as typography has them. */
export function typeset(text: string): string {
  return text.replaceAll('->', '→');
}

export type Content = string | number | Html | null | false | readonly Content[];

/** Escapes for element content and for attribute values in double quotes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Html {
  let text = parts[0];
  for (let i = 0; i < contents.length; i++) text += render(contents[i]) + parts[i + 1];
  return new Html(text);
}

function render(content: Content): string {
  if (content === null || content === false) return '';
  if (content instanceof Html) return content.text;
  if (typeof content === 'object') return content.map(render).join('');
  return escapeHtml(String(content));
}
