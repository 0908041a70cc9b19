// Keeps the service small: V8 lets its heap grow to several times what short runs and logs need.
import { PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const MIB = 1024 * 1024;
const ENOUGH_BYTES = 8 * MIB;
/** So much more than after the last collection is worth another one. */
const GARBAGE_BYTES = 4 * MIB;
const LOOK_MS = 250;

/**
 * Stops the young generation's growth once it has 8 MiB. V8 has no limit for it that can be set after the start of the
 * process, but asks for the growth factor each time that it would grow, which is after a collection. More would save no
 * measurable time here and costs 30 MB and more of resident memory for good.
 */
export function limitYoungGeneration(): void {
  const collections = new PerformanceObserver(() => {
    const young = getHeapSpaceStatistics().find((space) => space.space_name === "new_space");
    if (young === undefined || young.space_size < ENOUGH_BYTES) return;
    setFlagsFromString("--semi-space-growth-factor=1");
    collections.disconnect();
  });
  collections.observe({ entryTypes: ["gc"] });
}

/**
 * Collects what has become garbage while nothing goes on. V8 itself waits for twenty megabytes and more to come together,
 * and collects them in the middle of a run.
 */
export function collectWhenIdle(isIdle: () => boolean): void {
  let collect: (() => void) | undefined;
  let left = getHeapStatistics().used_heap_size;
  let again = false;
  setInterval(() => {
    if (!isIdle() || (!again && getHeapStatistics().used_heap_size < left + GARBAGE_BYTES)) return;
    if (collect === undefined) {
      setFlagsFromString("--expose-gc");
      collect = runInNewContext("gc") as () => void;
    }
    collect();
    left = getHeapStatistics().used_heap_size;
    again = !again; // the second one gives back what the first one has freed
  }, LOOK_MS).unref();
}
