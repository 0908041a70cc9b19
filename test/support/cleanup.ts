// Cleans up after a test, in reverse order.

/** The part of a test's context that is used here. */
export interface TestContext {
  after(cleanup: () => Promise<void>): void;
  skip(message?: string): void;
}

type Cleanup = () => unknown;

const pending = new WeakMap<TestContext, Cleanup[]>();

/** Registers `cleanup` to run after the test, before those registered earlier. A failing one does not prevent the others. */
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
