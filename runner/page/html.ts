// HTML templates that escape every value unless it is HTML made here.

/** A piece of HTML that is safe to send; only `html` creates one. */
export class Html {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** A value in a template: text and numbers are escaped, lists are joined, null, undefined and false are left out. */
export type Content = Html | string | number | null | undefined | false | readonly Content[];

const entities = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ['"', "&quot;"],
  ["'", "&#39;"],
  ["`", "&#96;"],
]);

// Control characters have no place in a document; tab, line feed and carriage return are white space.
const unsafe = /[&<>"'`\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

// A tag that so far ends in `name=`; quoted values are skipped.
const unquoted = /^<[a-z][^<>"']*(?:"[^"]*"[^<>"']*|'[^']*'[^<>"']*)*\s[\w-]+=\s*$/i;

/** Escapes text for an element or a quoted attribute; control characters become U+FFFD. */
export function escape(text: string): string {
  return text.replace(unsafe, (character) => entities.get(character) ?? "\ufffd");
}

/** Builds HTML from a template. Attributes must be quoted: a value in an unquoted one throws a `TypeError`. */
export function html(literals: TemplateStringsArray, ...values: readonly Content[]): Html {
  let text = "";
  literals.forEach((literal, index) => {
    text += literal;
    if (index === values.length) return;
    if (unquoted.test(text.slice(text.lastIndexOf("<")))) {
      throw new TypeError(`Cannot put a value into an unquoted attribute: ${literal.trim().slice(-40)}`);
    }
    text += render(values[index]);
  });
  return new Html(text);
}

function render(content: Content): string {
  if (content === null || content === undefined || content === false) return "";
  if (content instanceof Html) return content.toString();
  if (typeof content === "object") return content.map(render).join("");
  return escape(String(content));
}
