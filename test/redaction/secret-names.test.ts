import assert from "node:assert/strict";
import { test } from "node:test";
import { namesSecret } from "../../runner/redaction/secret-names.ts";

const WORDS = ["PASSWORD", "TOKEN", "KEY", "PASS"];

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
  { name: "SECRET", secret: false },
  { name: "", secret: false },
];

for (const { name, secret } of NAMES) {
  test(`namesSecret: ${JSON.stringify(name)} ${secret ? "names" : "does not name"} a secret`, () => assert.equal(namesSecret(name, WORDS), secret));
}

test("namesSecret: without words no name is a secret's", () => assert.equal(namesSecret("PASSWORD", []), false));
