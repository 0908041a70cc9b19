// Keeps the heap small: V8 lets it grow to several times the size that short runs and logs need.
import { PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const MIB = 1024 * 1024;
const MAX_YOUNG_BYTES = 8 * MIB;
/** A collection is worthwhile when the heap has grown by this much since the last one. */
const MIN_GARBAGE_BYTES = 4 * MIB;
const CHECK_MS = 250;

/**
 * Stops the growth of the young generation at 8 MiB. V8 has no limit that can be set after the process has started, but
 * it reads the growth factor each time it is about to grow, which is after a collection. A larger young generation saves
 * no measurable time here and costs 30 MB and more of resident memory for good.
 */
export function limitYoungGeneration(): void {
  const collections = new PerformanceObserver(() => {
    const young = getHeapSpaceStatistics().find((space) => space.space_name === "new_space");
    if (young === undefined || young.space_size < MAX_YOUNG_BYTES) return;
    setFlagsFromString("--semi-space-growth-factor=1");
    collections.disconnect();
  });
  collections.observe({ entryTypes: ["gc"] });
}

/**
 * Collects garbage while nothing is running. V8 itself waits until 20 MB and more have accumulated, and then collects them
 * in the middle of a run.
 */
export function collectWhenIdle(isIdle: () => boolean): void {
  let collect: (() => void) | undefined;
  let left = getHeapStatistics().used_heap_size;
  let again = false;
  setInterval(() => {
    if (!isIdle() || (!again && getHeapStatistics().used_heap_size < left + MIN_GARBAGE_BYTES)) return;
    if (collect === undefined) {
      setFlagsFromString("--expose-gc");
      collect = runInNewContext("gc") as () => void;
    }
    collect();
    left = getHeapStatistics().used_heap_size;
    again = !again; // the second collection returns the memory that the first one has freed
  }, CHECK_MS).unref();
}
