// An interpreter of this machine.

/** An interpreter that answered when it was asked: the real executable behind a shim, and its version as a bare number. */
export interface Interpreter {
  readonly path: string;
  readonly version: string;
  /**
   * What else its language must know of it. Shell: `bash`, `dash` or `sh`. Python: what tells its ABI from the common one of
   * its version, such as `t` for a free-threaded build.
   */
  readonly flavour?: string;
}
