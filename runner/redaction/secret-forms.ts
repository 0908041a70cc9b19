// All the forms that a secret may take in an output.

/** The shortest secret that is hidden, in UTF-16 units: shorter ones would hide common words. */
export const MIN_SECRET_LENGTH = 6;

/** The line lengths of PEM, and of `base64` and mail. */
const COLUMNS = [64, 76];

/** The variants of URL encoding, as replacements in the strict form of RFC 3986. */
const URL_FORMS: readonly ReadonlyMap<string, string>[] = [
  new Map(), // RFC 3986: python's quote without "/", PowerShell's EscapeDataString
  new Map([["%2F", "/"]]), // python's quote
  new Map([["%21", "!"], ["%27", "'"], ["%28", "("], ["%29", ")"], ["%2A", "*"]]), // encodeURIComponent
  new Map([["%20", "+"]]), // forms: python's urlencode
  new Map([["%20", "+"], ["%2A", "*"], ["~", "%7E"]]), // forms: URLSearchParams
  new Map([["%20", "+"], ["%21", "!"], ["%28", "("], ["%29", ")"], ["%2A", "*"], ["~", "%7E"]]), // forms: .NET's UrlEncode
];

/** The variants of JSON strings: what is escaped as `\uXXXX` besides what must be, and the case of the digits. */
const JSON_FORMS: readonly { readonly escaped: RegExp; readonly upper: boolean }[] = [
  { escaped: /[]/g, upper: false }, // JSON.stringify
  { escaped: /[^\x20-\x7e]/g, upper: false }, // python
  { escaped: /[^\x20-\x7e]/g, upper: true },
  { escaped: /[<>&']/g, upper: false }, // Windows PowerShell
];

/** All forms of the secrets, each once and at least `MIN_SECRET_LENGTH` long. White space around a secret does not belong to it. */
export function secretForms(secrets: readonly string[]): string[] {
  const forms = new Set<string>();
  for (const secret of secrets) {
    const trimmed = Buffer.from(secret).toString().trim();
    if (trimmed.length < MIN_SECRET_LENGTH) continue;
    for (const form of formsOf(trimmed)) if (form.length >= MIN_SECRET_LENGTH) forms.add(form);
  }
  return [...forms];
}

function formsOf(secret: string): string[] {
  const lines = secret.split(/\r\n|\n|\r/);
  if (lines.length === 1) return encodedForms(secret);
  const spellings = new Set([secret, lines.join("\n")]);
  return [...lines.map((line) => line.trim()), lines.join("\r\n"), ...[...spellings].flatMap(encodedForms)];
}

function encodedForms(text: string): string[] {
  const forms = [text, ...base64Forms(Buffer.from(text))];
  if (/[^\w.-]/.test(text)) {
    forms.push(...urlForms(text));
    for (const { escaped, upper } of JSON_FORMS) forms.push(jsonForm(text, escaped, upper));
  }
  return forms;
}

/** The percent-encoded text, with upper-case and lower-case digits. */
function urlForms(text: string): string[] {
  const strict = encodeURIComponent(text).replace(/[!'()*]/g, (unit) => `%${unit.charCodeAt(0).toString(16).toUpperCase()}`);
  const lower = strict.replace(/%../g, (escape) => escape.toLowerCase());
  return URL_FORMS.flatMap((form) => [
    [...form].reduce((all, [from, to]) => all.replaceAll(from, to), strict),
    [...form].reduce((all, [from, to]) => all.replaceAll(from.toLowerCase(), to.toLowerCase()), lower),
  ]);
}

function jsonForm(text: string, escaped: RegExp, upper: boolean): string {
  const all = JSON.stringify(text).slice(1, -1).replace(escaped, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  if (!upper) return all;
  return all.replace(/\\(?:u([0-9a-f]{4})|.)/g, (escape, code?: string) => (code === undefined ? escape : `\\u${code.toUpperCase()}`));
}

/** The base64 characters that the bytes alone decide, at each of the three alignments that they can have among other bytes. */
function base64Forms(bytes: Buffer): string[] {
  const aligned = [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
  const first = aligned[0] ?? "";
  const wrapped = COLUMNS.flatMap((columns) => (first.length > columns ? first.match(new RegExp(`.{1,${columns}}`, "g")) ?? [] : []));
  const forms = [...aligned, ...wrapped];
  return [...forms, ...forms.map((form) => form.replaceAll("+", "-").replaceAll("/", "_"))];
}
