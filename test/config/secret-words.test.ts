import assert from "node:assert/strict";
import { test } from "node:test";
import { namesSecret, SECRET_WORDS, secretWords } from "../../runner/config/secret-words.ts";

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
  test(`the setting ${JSON.stringify(setting)} comes to ${words.length} words`, () => assert.deepEqual(secretWords(setting), words));
}

for (const setting of ["PIN,+DSN", "A_B", "+", ",", "PIN,", "off,KEY", "-off", "+PIN DSN", "Schlüssel"]) {
  test(`the setting ${JSON.stringify(setting)} is refused with what was wanted and found`, () => {
    assert.throws(() => secretWords(setting), (error: Error) => error.message.startsWith("wanted WORD,WORD or ") && error.message.endsWith(`found ${JSON.stringify(setting)}`));
  });
}

const NAMES: readonly { readonly name: string; readonly secret: boolean }[] = [
  { name: "PASSWORD", secret: true },
  { name: "AUTOMN_VAR_DB_PASSWORD", secret: true },
  { name: "automn_var_api_key", secret: true },
  { name: "Token_Of_Ours", secret: true },
  { name: "_KEY_", secret: true },
  { name: "MONKEY", secret: false },
  { name: "KEYBOARD_LAYOUT", secret: false },
  { name: "AUTOMN_VAR_PASSENGER", secret: false },
  { name: "API-KEY", secret: false },
  { name: "", secret: false },
];

for (const { name, secret } of NAMES) {
  test(`${JSON.stringify(name)} ${secret ? "names" : "does not name"} a secret`, () => assert.equal(namesSecret(name, SECRET_WORDS), secret));
}

test("no word makes no name a secret's", () => assert.equal(namesSecret("PASSWORD", []), false));
