// A process that is dead and that nobody reaps.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { Readable, Writable } from "node:stream";
import { until } from "./until.ts";

/** Resolves with the pid of a zombie on Linux, whose parent leads its group; it is gone after the test. */
export async function startZombie(t: { after(end: () => void): void }): Promise<number> {
  const script = "read line <&3 & echo $!; exec sleep 60 3<&-";
  const parent = spawn("/bin/sh", ["-c", script], { stdio: ["ignore", "pipe", "ignore", "pipe"], detached: true });
  t.after(() => void parent.kill("SIGKILL"));
  const [printed] = (await once(parent.stdout as Readable, "data")) as [Buffer];
  const pid = Number(printed);
  // A shell would reap its child; `sleep` does not.
  await until(async () => (await readFile(`/proc/${parent.pid}/cmdline`, "utf8")).startsWith("sleep"), "a parent that reaps nobody");
  (parent.stdio[3] as Writable).end("\n");
  await until(async () => / Z /.test(await readFile(`/proc/${pid}/stat`, "utf8")), "the zombie");
  return pid;
}
