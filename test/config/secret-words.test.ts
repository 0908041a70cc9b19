import assert from "node:assert/strict";
import { test } from "node:test";
import { SECRET_WORDS, secretWords } from "../../runner/config/secret-words.ts";

const SETTINGS: readonly { readonly setting: string; readonly words: readonly string[] }[] = [
  { setting: "", words: SECRET_WORDS },
  { setting: "off", words: [] },
  { setting: " OFF ", words: [] },
  { setting: "PIN,dsn", words: ["PIN", "DSN"] },
  { setting: "PIN, PIN", words: ["PIN"] },
  { setting: "+PIN", words: [...SECRET_WORDS, "PIN"] },
  { setting: "-KEY,+pin", words: [...SECRET_WORDS.filter((word) => word !== "KEY"), "PIN"] },
  { setting: "-NEVER", words: SECRET_WORDS },
];

for (const { setting, words } of SETTINGS) {
  test(`secretWords: ${JSON.stringify(setting)} gives ${words.length} words`, () => assert.deepEqual(secretWords(setting), words));
}

for (const setting of ["PIN,+DSN", "A_B", "+", ",", "PIN,", "off,KEY", "-off", "+PIN DSN", "Schlüssel"]) {
  test(`secretWords: ${JSON.stringify(setting)} is refused with what was wanted and found`, () => {
    assert.throws(() => secretWords(setting), ({ message }: Error) => {
      return message.startsWith("wanted WORD,WORD or ") && message.endsWith(`found ${JSON.stringify(setting)}`);
    });
  });
}
