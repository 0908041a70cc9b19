import assert from "node:assert/strict";
import { isUtf8 } from "node:buffer";
import { describe, it } from "node:test";
import { MarkerReader } from "../../runner/output/marker-reader.ts";
import { createRedaction, NOTHING_HIDDEN } from "../../runner/redaction/redactor.ts";
import type { Redaction } from "../../runner/redaction/redactor.ts";
import { OutputPipeline } from "../../runner/output/output-pipeline.ts";
import { bytes, lend } from "../support/bytes.ts";
import { cuttings, seeded } from "../support/chance.ts";

const R = "__SCRIPTRETURN__";
const L = "__SCRIPTLOG__";
const N = "__SCRIPTNOTIFY__";
const hiding = createRedaction(["secret", "pässwört€", "two\nlines"]);
const now = () => new Date("2024-05-06T07:08:09Z");

/** A pipeline and what it has shown. The shown text is valid during the call only. */
function open({ redaction = hiding, maxBytes = 1_000_000 }: { redaction?: Redaction; maxBytes?: number } = {}) {
  const seen: string[] = [];
  const calls = { returns: 0 };
  const show = (text: Buffer) => {
    assert.ok(isUtf8(text), text.toString("hex"));
    assert.notEqual(text.length, 0);
    seen.push(text.toString());
  };
  const output = new OutputPipeline({ show, onReturn: () => { calls.returns += 1; }, maxBytes, redaction, now });
  return { output, seen, shown: () => seen.join(""), calls };
}

/** Each chunk's memory is used again as soon as it was pushed. */
const out = ({ stdout }: OutputPipeline, chunk: string | Uint8Array): void => lend(chunk, stdout.push);
const err = ({ stderr }: OutputPipeline, chunk: string | Uint8Array): void => lend(chunk, stderr.push);

/** What is told of a script that prints these chunks, and nothing else. */
function told(chunks: readonly (string | Uint8Array)[], stream: typeof out = out) {
  const { output, shown, calls } = open();
  for (const chunk of chunks) stream(output, chunk);
  output.finish();
  const { logs, notifications, returned } = output.structured;
  const { kept, bytes: counts } = output;
  return { shown: shown(), stdout: kept.stdout.text(), stderr: kept.stderr.text(), logs: logs.map(({ message }) => message), notifications: notifications.map(({ message }) => message), returned: returned?.value, returns: calls.returns, counts };
}

/** Whole, byte by byte, at random places, and in two at each place. */
function* cuts(text: string): Generator<Uint8Array[]> {
  const whole = Uint8Array.from(bytes(text));
  yield* cuttings<Uint8Array>(whole);
  for (let at = 1; at < whole.length; at += 1) yield [whole.slice(0, at), whole.slice(at)];
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function lineOf(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

describe("OutputPipeline: standard output", () => {
  interface Wanted {
    readonly shown: string;
    readonly kept: string;
    readonly logs?: readonly string[];
    readonly notifications?: readonly string[];
    readonly returned?: unknown;
  }
  const cases: readonly [string, string, Wanted][] = [
    ["plain text", "a\nb\n", { shown: "a\nb\n", kept: "a\nb\n" }],
    ["a secret", "a secret b\n", { shown: "a *** b\n", kept: "a *** b\n" }],
    ["nothing but secrets", "secretsecretpässwört€\n", { shown: "*********\n", kept: "*********\n" }],
    ["a secret over lines", "two\nlines two\nlin\n", { shown: "*** two\nlin\n", kept: "*** two\nlin\n" }],
    ["beginnings of secrets, one at the end", "secre s pässwört secr", { shown: "secre s pässwört secr\n", kept: "secre s pässwört secr" }],
    ["wide characters around secrets", "é€😀pässwört€😀secret€\n", { shown: "é€😀***😀***€\n", kept: "é€😀***😀***€\n" }],
    ["a log entry, its secret hidden", `a\n${L}"a secret"\nb\n`, { shown: `a\n${L}"a ***"\nb\n`, kept: "a\nb\n", logs: ["a ***"] }],
    ["a notification, its secret hidden", `${N}"pässwört€"\n`, { shown: `${N}"***"\n`, kept: "", notifications: ["***"] }],
    ["a returned value, its secret as it is", `a secret\n${R}{"a":"secret","b":"pässwört€"}\nsecret`, { shown: `a ***\n${R}{"a":"***","b":"***"}\n***\n`, kept: "a ***\n***", returned: { a: "secret", b: "pässwört€" } }],
    ["a returned value without a line break", `${R}"secret"`, { shown: `${R}"***"\n`, kept: "", returned: "secret" }],
    ["a marker after text", `done: ${R}1\nb\n`, { shown: `done: ${R}1\nb\n`, kept: "done: \nb\n", returned: 1 }],
    ["a marker between a secret's halves", `secr\n${L}1\net secret\n`, { shown: `secr\n${L}1\net ***\n`, kept: "secr\net ***\n", logs: ["1"] }],
    ["a secret that is whole once the marker is taken away", `two\n${L}1\nlines\n`, { shown: `two\n${L}1\nlines\n`, kept: "***\n", logs: ["1"] }],
    ["a marker after the beginning of a secret", `secre${L}"secret"\nt\n`, { shown: `secre${L}"***"\nt\n`, kept: "secre\nt\n", logs: ["***"] }],
    ["a secret in a marker that is none", `${L}{secret\nb`, { shown: `${L}{***\nb\n`, kept: `${L}{***\nb` }],
    ["beginnings of markers around a secret", `__SCRIPTsecret__SCRIPTLOG_secr`, { shown: "__SCRIPT***__SCRIPTLOG_secr\n", kept: "__SCRIPT***__SCRIPTLOG_secr" }],
    ["all of it", `é secret\n${L}"1"\nsecr\n${N}"secret"\n€ ${L}2\n${R}["secret"]\n😀two\nlin`, {
      shown: `é ***\n${L}"1"\nsecr\n${N}"***"\n€ ${L}2\n${R}["***"]\n😀two\nlin\n`, kept: "é ***\nsecr\n€ \n😀two\nlin", logs: ["1", "2"], notifications: ["***"], returned: ["secret"],
    }],
    ["nothing", "", { shown: "", kept: "" }],
  ];
  for (const [name, text, { shown, kept, logs = [], notifications = [], returned }] of cases) it(`shows and keeps ${name}, however the bytes are cut`, () => {
    const wanted = { shown, stdout: kept, stderr: "", logs, notifications, returned, returns: returned === undefined ? 0 : 1, counts: { stdout: Buffer.byteLength(text), stderr: 0 } };
    for (const chunks of cuts(text)) assert.deepEqual(told(chunks), wanted, JSON.stringify(chunks.map((chunk) => Buffer.from(chunk).toString("latin1"))));
  });

  it("shows and keeps random mixtures as it does the whole, hidden after the markers were read", () => {
    const random = seeded(31);
    const parts = ["secret", "secre", "pässwört€", "pässwört", "two\n", "lines", "\n", "__SCRIPT", "_", "é", "😀", "x".repeat(40), `${L}"a secret"\n`, `\n${N}"1"\n`, `${R}"secret"\n`, `${L}{\n`, L];
    for (let round = 0; round < 400; round += 1) {
      const text = Array.from({ length: Math.floor(random() * 25) }, () => parts[Math.floor(random() * parts.length)]).join("");
      let plain = "";
      const reader = new MarkerReader({
        text: ({ text: more }) => { plain += more.toString(); },
        marker: (kind, payload) => kind === "return" || isJson(payload),
        oversized: () => {},
      });
      reader.push(bytes(text));
      reader.flush();
      const whole = told([text]);
      assert.equal(whole.shown, lineOf(hiding.text(text)));
      assert.equal(whole.stdout, hiding.text(plain));
      for (const chunks of cuttings<Uint8Array>(Uint8Array.from(bytes(text)), round)) assert.deepEqual(told(chunks), whole, JSON.stringify(text));
    }
  });

  it("searches a chunk for secrets once, and again only where a marker was taken out of it", () => {
    let searched = 0;
    const redaction: Redaction = {
      ...hiding,
      stream() {
        const stream = hiding.stream();
        return { push: (chunk) => { searched += chunk.length; return stream.push(chunk); }, flush: () => stream.flush(), get holds() { return stream.holds; } };
      },
    };
    const { output } = open({ redaction });
    for (const [chunk, more] of [["a secret line\n", 14], ["no line", 7], [`\n${L}1\nb`, 19], ["plain again", 11]] as const) {
      const before = searched;
      out(output, chunk);
      assert.equal(searched - before, more, chunk);
    }
    output.finish();
    assert.equal(output.kept.stdout.text(), "a *** line\nno line\nbplain again");
  });

  it("tells of the first returned value as soon as its line has ended", () => {
    const { output, calls } = open();
    out(output, `${R}"secr`);
    out(output, 'et"');
    assert.equal(calls.returns, 0);
    out(output, `\n${R}2\n`);
    assert.equal(calls.returns, 1);
    assert.equal(output.structured.returned?.value, "secret");
  });

  it("shows at once what begins neither a secret nor a character", () => {
    const { output, seen } = open();
    for (const chunk of [bytes("no line break"), bytes(` __SCRIPTLOG_`), bytes("_ a secr"), Uint8Array.of(0xe2, 0x82), Uint8Array.of(0xac)]) out(output, chunk);
    assert.deepEqual(seen, ["no line break", " __SCRIPTLOG_", "_ a ", "secr€"]);
  });
});

describe("OutputPipeline: standard error", () => {
  it("is shown and kept with its secrets hidden, and its markers are no markers", () => {
    const text = `é secret\n${R}"secret"\npässwört€ 😀 secr`;
    for (const chunks of cuts(text)) assert.deepEqual(told(chunks, err), {
      shown: `é ***\n${R}"***"\n*** 😀 secr\n`, stdout: "", stderr: `é ***\n${R}"***"\n*** 😀 secr`, logs: [], notifications: [], returned: undefined, returns: 0, counts: { stdout: 0, stderr: Buffer.byteLength(text) },
    });
  });
});

describe("OutputPipeline: both streams", () => {
  it("shows them in the order in which they come and keeps them apart", () => {
    const { output, shown } = open();
    for (const [stream, chunk] of [[out, "1 secr"], [err, "2 pässw"], [out, "et\n"], [err, "ört€\n"], [out, "3"], [err, "4"]] as const) stream(output, chunk);
    output.finish();
    assert.equal(shown(), "1 2 ***\n***\n34\n");
    assert.deepEqual([output.kept.stdout.text(), output.kept.stderr.text()], ["1 ***\n3", "2 ***\n4"]);
  });

  it("takes no half of a character or a secret of one for the other's", () => {
    const { output, shown } = open();
    for (const [stream, chunk] of [[out, Uint8Array.of(0xe2, 0x82)], [err, Uint8Array.of(0xac)], [out, bytes("secr")], [err, bytes("et\n")]] as const) stream(output, chunk);
    output.finish();
    assert.equal(shown(), "\ufffd\ufffdet\nsecr\n");
  });

  const starts: readonly [string, readonly (readonly [typeof out, string])[], string][] = [
    ["begins a new line after standard error's open one", [[err, "50 %"], [out, `${L}1\n`]], `50 %\n${L}1\n`],
    ["stays where it is after standard error's ended line", [[err, "50 %\n"], [out, `${L}1\n`]], `50 %\n${L}1\n`],
    ["stays where it is after standard output's open line", [[out, "50 %"], [out, `${L}1\n`]], `50 %${L}1\n`],
    ["stays where it is at the very start", [[out, `${L}1\n`]], `${L}1\n`],
    ["stays where it is after text of its own", [[err, "50 %"], [out, `a ${L}1\n`]], `50 %a ${L}1\n`],
    ["begins a new line after the open one that standard error came to last", [[out, "a"], [err, "b"], [out, `${R}1\n`]], `ab\n${R}1\n`],
  ];
  for (const [name, chunks, wanted] of starts) it(`shows a marker that ${name}`, () => {
    const { output, shown } = open();
    for (const [stream, chunk] of chunks) stream(output, chunk);
    output.finish();
    assert.equal(shown(), wanted);
    assert.equal(output.kept.stderr.text(), chunks.filter(([stream]) => stream === err).map(([, chunk]) => chunk).join(""), "what is kept has no line break of the runner's");
  });

  it("counts the bytes that came in, whatever becomes of them", () => {
    const { output } = open({ maxBytes: 10 });
    assert.deepEqual(output.bytes, { stdout: 0, stderr: 0 });
    out(output, `${L}"secret"\n`);
    out(output, Uint8Array.of(0xff, 0xe2));
    err(output, "€".repeat(100));
    assert.deepEqual(output.bytes, { stdout: 24, stderr: 300 });
    output.notice("a notice");
    output.finish();
    assert.deepEqual(output.bytes, { stdout: 24, stderr: 300 });
  });

  it("keeps no more of either than it may, of what is hidden already", () => {
    const { output, shown } = open({ maxBytes: 10 });
    for (const stream of [out, err]) for (let count = 0; count < 100; count += 1) stream(output, "a secret\n");
    output.finish();
    assert.equal(shown(), "a ***\n".repeat(200));
    for (const kept of [output.kept.stdout, output.kept.stderr]) assert.deepEqual([kept.text(), kept.missingBytes], ["a ***\n[runner] 590 bytes are missing here\n ***\n", 590]);
  });

  it("reads UTF-16 from one while the other is UTF-8", () => {
    const { output, shown } = open();
    const wide = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from("wide secret 😀\n", "utf16le")]);
    for (const byte of wide) out(output, Uint8Array.of(byte));
    err(output, "narrow 😀\n");
    output.finish();
    assert.equal(shown(), "wide *** 😀\nnarrow 😀\n");
  });
});

describe("OutputPipeline.notice", () => {
  const notices: readonly [string, string, string][] = [
    ["one line", "a notice", "[runner] a notice\n"],
    ["each of several lines", "one\ntwo\r\nthree", "[runner] one\n[runner] two\n[runner] three\n"],
    ["control characters, made visible", "a\u001b[31m\tb\u0000\u007f\u0085\u2028\u2029\rc", "[runner] a\\u001b[31m\\u0009b\\u0000\\u007f\\u0085\\u2028\\u2029\\u000dc\n"],
    ["a secret, hidden", "no secret, no pässwört€", "[runner] no ***, no ***\n"],
    ["other characters as they are", "é€😀\u00a0", "[runner] é€😀\u00a0\n"],
  ];
  for (const [name, sentence, wanted] of notices) it(`is shown with ${name}`, () => {
    const { output, shown } = open();
    output.notice(sentence);
    assert.equal(shown(), wanted);
  });

  it("stands on a line of its own and is not kept", () => {
    for (const [stream, name] of [[out, "stdout"], [err, "stderr"]] as const) {
      const { output, shown } = open();
      stream(output, "50 %");
      output.notice("first");
      output.notice("second");
      stream(output, " 60 %\n");
      output.notice("third");
      output.finish();
      assert.equal(shown(), "50 %\n[runner] first\n[runner] second\n 60 %\n[runner] third\n");
      assert.equal(output.kept[name].text(), "50 % 60 %\n");
    }
  });

  it("shows a labelled line as one line, whatever it contains", () => {
    const { output, shown } = open();
    out(output, "a");
    output.line("[npm] a secret\r\n[runner] forged");
    assert.equal(shown(), "a\n[npm] a ***\\u000d\\n[runner] forged\n");
    assert.deepEqual([output.kept.stdout.text(), output.kept.stderr.text()], ["a", ""]);
  });

  it("does not part the halves of a secret or of a character", () => {
    const { output, shown } = open();
    out(output, Uint8Array.of(0x61, 0xe2));
    err(output, "secr");
    output.notice("in between");
    out(output, Uint8Array.of(0x82, 0xac, 0x0a));
    err(output, "et\n");
    output.finish();
    assert.equal(shown(), "a\n[runner] in between\n€\n***\n");
  });
});

describe("OutputPipeline.finish", () => {
  const ends: readonly [string, readonly (readonly [typeof out, string | Uint8Array])[], string][] = [
    ["nothing where nothing was printed", [], ""],
    ["nothing to lines that have ended", [[out, "a\n"], [err, "b\n"]], "a\nb\n"],
    ["a line break to standard output's open line", [[err, "b\n"], [out, "a"]], "b\na\n"],
    ["a line break to standard error's open line", [[out, "a\n"], [err, "b"]], "a\nb\n"],
    ["one line break to a line that both have left open", [[out, "a"], [err, "b"]], "ab\n"],
    ["what was held back as the beginning of a secret", [[out, "secr"], [err, "pässw"]], "secrpässw\n"],
    ["a sign for a character that was not finished", [[out, Uint8Array.of(0x61, 0xf0, 0x9f)]], "a\ufffd\n"],
    ["a last marker's line break", [[out, `${R}1`]], `${R}1\n`],
  ];
  for (const [name, chunks, wanted] of ends) it(`adds ${name}`, () => {
    const { output, shown } = open();
    for (const [stream, chunk] of chunks) stream(output, chunk);
    output.finish();
    assert.equal(shown(), wanted);
  });

  it("keeps what was held back, and no line break of the runner's", () => {
    const { output } = open();
    for (const stream of [out, err]) stream(output, Uint8Array.from([...bytes("a secr"), 0xe2]));
    output.finish();
    assert.deepEqual([output.kept.stdout.text(), output.kept.stderr.text()], ["a secr\ufffd", "a secr\ufffd"]);
  });

  it("is the same where nothing is to be hidden", () => {
    const { output, shown } = open({ redaction: NOTHING_HIDDEN });
    for (const byte of bytes(`é secret\n${R}"secret"\nb`)) out(output, Uint8Array.of(byte));
    output.finish();
    assert.equal(shown(), `é secret\n${R}"secret"\nb\n`);
    assert.deepEqual([output.kept.stdout.text(), output.structured.returned?.value], ["é secret\nb", "secret"]);
  });
});
