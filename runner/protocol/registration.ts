// Registration, which is also the heartbeat (protocol, section 1).
import { describe } from "../lib/failure.ts";
import { compareVersions } from "../lib/versions.ts";

/** This runner's version, as package.json has it; a test holds the two together. */
export const RUNNER_VERSION = "0.3.0";
/** The oldest host that this runner works with. */
export const MINIMUM_HOST_VERSION = "0.2.0";

/** Why a registration is sent; shown to administrators behind the status message. */
export type RegistrationReason = "startup" | "heartbeat" | "initial" | "manual" | "secret-rotation";

/** The body of a registration. */
export interface RegistrationBody {
  readonly secret: string;
  readonly endpoint: string;
  readonly runnerId: string;
  readonly statusMessage?: string;
  readonly maxConcurrency?: number;
  readonly timeoutMs?: number;
  readonly version: string;
  readonly minimumHostVersion: string;
  readonly os: string;
  readonly platform: string;
  readonly arch: string;
  /** The machine's, in whole seconds. */
  readonly uptime: number;
  /** Name → version of each interpreter found. */
  readonly runtimes: Readonly<Record<string, string>>;
}

/** What is read of a host's answer to a registration; everything else in it is kept as it came. */
export interface HostVersions {
  readonly hostVersion?: string;
  readonly minimumRunnerVersion?: string;
}

/** Where a runner registers. A trailing slash on the host URL is tolerated. */
export function registrationUrl(hostUrl: string, runnerId: string): string {
  return `${hostUrl.replace(/\/+$/, "")}/api/settings/runner-hosts/${encodeURIComponent(runnerId)}/register`;
}

/** The versions in a host's answer, as far as it names them. */
export function hostVersions(answer: unknown): HostVersions {
  if (typeof answer !== "object" || answer === null) return {};
  const { hostVersion, minimumRunnerVersion } = answer as Record<string, unknown>;
  return {
    ...(typeof hostVersion === "string" ? { hostVersion } : {}),
    ...(typeof minimumRunnerVersion === "string" ? { minimumRunnerVersion } : {}),
  };
}

/** Sentences for versions of host and runner that do not fit each other; none where they do or nothing is told. */
export function versionProblems(versions: HostVersions): string[] {
  const problems: string[] = [];
  const { hostVersion, minimumRunnerVersion } = versions;
  if (hostVersion !== undefined && compareVersions(hostVersion, MINIMUM_HOST_VERSION) < 0)
    problems.push(`The host has version ${describe(hostVersion)}, this runner works with ${MINIMUM_HOST_VERSION} and newer.`);
  if (minimumRunnerVersion !== undefined && compareVersions(RUNNER_VERSION, minimumRunnerVersion) < 0)
    problems.push(`The host wants a runner of version ${describe(minimumRunnerVersion)} or newer, this one has ${RUNNER_VERSION}.`);
  return problems;
}
