import assert from "node:assert/strict";
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { withSecret } from "../../runner/registration/state.ts";
import { openStateStore } from "../../runner/registration/state-store.ts";
import { folder, program, until } from "../support/results.ts";

const NOW = () => new Date("2024-05-06T07:08:09.123Z");
const unexpected = (message: string) => assert.fail(message);

test("changes count at once and survive a restart in the order they were made", async (t) => {
  const file = join(await folder(t), "state", "runner-state.json");
  const store = await openStateStore(file, unexpected);
  for (let n = 0; n < 20; n++) void store.update((state) => withSecret(state, `${state.secret ?? ""}${n},`));
  const secret = Array.from({ length: 20 }, (_, n) => `${n},`).join("");
  assert.equal(store.current.secret, secret);
  await store.settled();
  assert.equal((await openStateStore(file, unexpected)).current.secret, secret);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
});

const FOLDERS: readonly [string, number, readonly string[], number][] = [
  ["an empty folder is closed to others", 0o755, [], 0o700],
  [
    "a folder of the runner is closed to others",
    0o755,
    ["runner-state.json", "runs.ndjson", "runs.ndjson.2", "results", ".runner-state.json.1-a.tmp"],
    0o700,
  ],
  ["a folder that others use too is left as it is", 0o755, ["runner-state.json", "holiday.jpg"], 0o755],
  ["a folder that everybody writes to is left as it is", 0o1777, [], 0o1777],
];
for (const [name, before, entries, after] of FOLDERS)
  test(name, async (t) => {
    const dir = join(await folder(t), "state");
    await mkdir(dir);
    for (const entry of entries) await writeFile(join(dir, entry), "{}");
    await chmod(dir, before);
    await openStateStore(join(dir, "runner-state.json"), unexpected);
    assert.equal((await stat(dir)).mode & 0o7777, after);
  });

for (const text of ["", "not JSON with a s3cret-inside", "[]", '{"secret":{"a":"s3cret-inside"}}'])
  test(`a file that holds ${JSON.stringify(text)} is kept aside and said, without its content`, async (t) => {
    const dir = await folder(t);
    await writeFile(join(dir, "runner-state.json"), text);
    const said: string[] = [];
    const store = await openStateStore(join(dir, "runner-state.json"), (message) => said.push(message), NOW);
    const aside = "runner-state.json.unreadable-2024-05-06T07-08-09-123Z";
    assert.deepEqual(store.current, { locked: false });
    assert.equal(await readFile(join(dir, aside), "utf8"), text);
    assert.equal((await stat(join(dir, aside))).mode & 0o777, 0o600);
    assert.equal(said.length, 1);
    assert.match(said[0] ?? "", /^Cannot read the state file runner-state\.json: .*kept as runner-state\.json\.unreadable-/);
    assert.doesNotMatch(said.join(), /s3cret/);
    assert.deepEqual(store.problems, said);
  });

test("a failing write is said, does not pile up, and is forgotten after one that succeeds", async (t) => {
  const dir = await folder(t);
  const file = join(dir, "state", "runner-state.json");
  const said: string[] = [];
  const store = await openStateStore(file, (message) => said.push(message));
  await rm(join(dir, "state"), { recursive: true });
  await symlink("/nowhere/at/all", join(dir, "state"));
  for (let n = 0; n < 5; n++) await store.update((state) => withSecret(state, `secret ${n}`));
  assert.equal(said.length, 5);
  assert.equal(store.problems.length, 1);
  assert.match(store.problems[0] ?? "", /^Cannot write the state file \//);
  await rm(join(dir, "state"));
  await store.update((state) => state);
  assert.deepEqual(store.problems, []);
  assert.equal((await openStateStore(file, unexpected)).current.secret, "secret 4");
});

test("a state folder that is removed under the runner is made anew", async (t) => {
  const dir = join(await folder(t), "state");
  const store = await openStateStore(join(dir, "runner-state.json"), unexpected);
  await rm(dir, { recursive: true, force: true });
  await store.update((state) => withSecret(state, "kept"));
  assert.deepEqual(await readdir(dir), ["runner-state.json"]);
});

test("a folder that can't be made is a start-up error that names it and the variable", async (t) => {
  const dir = await folder(t);
  await writeFile(join(dir, "file"), "");
  await assert.rejects(
    openStateStore(join(dir, "file", "runner-state.json"), unexpected),
    /^Error: Cannot use the state directory .*file.*AUTOMN_RUNNER_STATE_DIR/,
  );
});

const asRoot = { skip: process.getuid?.() !== 0 && "only root can become somebody else" };
test("a folder that another user owns is used as far as it can be", asRoot, async (t) => {
  const dir = await folder(t);
  await chmod(dir, 0o777);
  const code = `
    import { openStateStore } from "../../runner/registration/state-store.ts";
    process.setgid(65534); process.setuid(65534);
    const store = await openStateStore(process.argv[1] + "/runner-state.json", console.error);
    await store.update((state) => ({ ...state, secret: "of another" }));
    console.log("written", store.problems.length);`;
  const child = program(t, code, { args: [dir] });
  await until(() => child.output().includes("\n"), "the child has written");
  assert.equal(child.output(), "written 0\n");
  assert.match(await readFile(join(dir, "runner-state.json"), "utf8"), /of another/);
});
