// What a test opened is closed after it, the last thing first.

/** What is needed of the context that a test is called with. */
export interface TestContext {
  after(cleanup: () => Promise<void>): void;
  skip(message?: string): void;
}

type Cleanup = () => unknown;

const pending = new WeakMap<TestContext, Cleanup[]>();

/** Has `cleanup` run after the test, before those that were asked for earlier; one that fails does not keep the others from running. */
export function afterwards(t: TestContext, cleanup: Cleanup): void {
  const known = pending.get(t);
  if (known !== undefined) {
    known.push(cleanup);
    return;
  }
  const cleanups = [cleanup];
  pending.set(t, cleanups);
  t.after(async () => {
    const problems: unknown[] = [];
    for (const each of cleanups.reverse()) await Promise.resolve().then(each).catch((error: unknown) => problems.push(error));
    if (problems.length > 0) throw problems[0];
  });
}
