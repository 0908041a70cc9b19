// A function that does its work only once.

/** Passes on the first call and ignores every later one. */
export function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    act();
  };
}
