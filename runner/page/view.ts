// What the operator page shows, as plain data. No field holds a secret.

/** A value that is known or not; the page leaves out what is not. */
export type Maybe<T> = T | null | undefined;

/** Everything the page shows. Times are ISO 8601 in UTC. */
export interface PageView {
  readonly runner: RunnerView;
  /** The settings without which the runner cannot register: for each the names of the variables of which one has to be set. */
  readonly missing: readonly (readonly string[])[];
  /** Whole sentences about what is wrong, e.g. a state file that could not be read, a clock that differs. */
  readonly problems: readonly string[];
  /** Whether the form that asks for the secret is shown. */
  readonly form: boolean;
  /** How the registration just tried ended, or what is wrong with what was entered. */
  readonly outcome?: OutcomeView | undefined;
  readonly heartbeat: HeartbeatView;
  /** Languages as people write them: name → title, e.g. `node` → `Node.js`. */
  readonly languageTitles: Readonly<Record<string, string>>;
  /** Interpreters found: name → version, e.g. `python` → `3.11.7`. */
  readonly runtimes: Readonly<Record<string, string>>;
  readonly missingRuntimes: readonly MissingRuntime[];
  readonly runs: RunsView;
  /** Whether the runner is shutting down: active runs go on, new jobs are refused. */
  readonly draining: boolean;
  /** Processes started ahead: language → figures, for the languages that were asked for so far. */
  readonly warmPool: Readonly<Record<string, WarmView>>;
  readonly packages: PackagesView;
  /** Whether packages can be cleared here, given the reset token. */
  readonly clearForm: boolean;
  /** The runner's own version, e.g. `0.3.0`. */
  readonly version: string;
  readonly uptimeSeconds: number;
  /** When the page was rendered. */
  readonly now: string;
}

/** Who this runner is to its host, and how the last registration went. */
export interface RunnerView {
  readonly runnerId?: Maybe<string>;
  readonly hostUrl?: Maybe<string>;
  readonly endpointUrl?: Maybe<string>;
  readonly secretConfigured: boolean;
  readonly secretSource: "environment" | "state" | null;
  readonly locked: boolean;
  /** When the host first accepted this runner. */
  readonly lockedAt?: Maybe<string>;
  /** When the host last accepted this runner. */
  readonly registeredAt?: Maybe<string>;
  readonly lastRegistrationAttempt?: Maybe<string>;
  /** The HTTP status of the last attempt, or a word for it. */
  readonly lastRegistrationStatus?: Maybe<number | string>;
  /** Why the last attempt failed, in words that help; absent after a success. */
  readonly lastRegistrationError?: Maybe<string>;
}

/** How a registration ended, told to the person who asked for it. */
export interface OutcomeView {
  readonly ok: boolean;
  readonly message: string;
  /** Whether the secret itself is at fault, so that its field is marked; by default while none is stored. */
  readonly secretAtFault?: boolean | undefined;
}

/** The rhythm in which the runner reports to its host. */
export interface HeartbeatView {
  /** Milliseconds between two heartbeats; 0 is never. */
  readonly intervalMs: number;
  readonly lastAt?: Maybe<string>;
  readonly nextAt?: Maybe<string>;
  readonly failuresInARow: number;
}

/** A language whose interpreter was not found. */
export interface MissingRuntime {
  readonly name: string;
  /** The variable that names its interpreter, e.g. `AUTOMN_RUNNER_PYTHON_PATH`. */
  readonly pathVariable?: Maybe<string>;
}

/** Runs since the start of the service. */
export interface RunsView {
  readonly active: number;
  readonly total: number;
  /** How many ended in which way: outcome → count. */
  readonly byOutcome: Readonly<Record<string, number>>;
}

/** Processes of one language that were started ahead, so that a run needs not wait for its interpreter. */
export interface WarmView {
  /** How many wait for a run. */
  readonly ready: number;
  /** Runs that got one. */
  readonly hits: number;
  /** Runs that could have had one, but none was there. */
  readonly misses: number;
}

/** What was installed for scripts. */
export interface PackagesView {
  /** Whether packages are installed when needed, only used where they are there, or not looked after at all. */
  readonly mode: "auto" | "offline" | "off";
  readonly sets: number;
  /** Over all sets. */
  readonly packages: number;
  readonly bytes: number;
  readonly lastUsedAt?: Maybe<string>;
  /** Installations that go on. */
  readonly installing: number;
}
