import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { processTable } from "../../runner/process/table.ts";
import { ownerName, parseOwner } from "../../runner/runs/owner.ts";

const SCOPE = "0123456789ab";

describe("ownerName", () => {
  it("names this process by scope, pid and start time, and is read back", () => {
    const table = processTable();
    assert.deepEqual(parseOwner(ownerName(table)), { scope: table.scope, pid: process.pid, startTime: table.startTime(process.pid) });
  });

  it("is read back where the system does not tell the start time", () => {
    const table = { ...processTable("win32"), scope: SCOPE };
    assert.equal(ownerName(table), `${SCOPE}-${process.pid}-0`);
    assert.deepEqual(parseOwner(ownerName(table)), { scope: SCOPE, pid: process.pid, startTime: undefined });
  });
});

describe("parseOwner", () => {
  it("understands the names of earlier versions", () => {
    assert.deepEqual(parseOwner("12-3456"), { scope: undefined, pid: 12, startTime: "3456" });
    assert.deepEqual(parseOwner("12-0"), { scope: undefined, pid: 12, startTime: undefined });
  });

  const others = ["", "12", "0-5", "-1-5", "12-", "12-5x", "xyz-12-5", `${SCOPE}0-12-5`, `${SCOPE}-12`, "dead-12-5", "../12-5", "12-5/.."];
  for (const name of others)
    it(`knows no runner of the name ${JSON.stringify(name)}`, () => assert.equal(parseOwner(name), undefined));
});
