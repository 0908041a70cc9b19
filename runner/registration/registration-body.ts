// What the host is told of this runner and its machine (protocol, section 1).
import { arch, machine as hardware, platform, uptime } from "node:os";
import type { Config } from "../config/config.ts";
import { MINIMUM_HOST_VERSION, RUNNER_VERSION } from "../protocol/registration.ts";
import type { RegistrationBody, RegistrationReason } from "../protocol/registration.ts";
import type { Identity } from "./state.ts";

const DEFAULT_STATUS_MESSAGE = "Runner heartbeat";

/** What changes from one registration to the next. */
export interface RegistrationDetails {
  readonly identity: Identity;
  readonly secret: string;
  readonly reason: RegistrationReason;
  /** How many runs at once the host is told to send. */
  readonly maxConcurrency: number | undefined;
  readonly runtimes: Readonly<Record<string, string>>;
}

/** The body of a registration; what is optional and not set is left out. */
export function registrationBody({ statusMessage, timeoutMs }: Config, details: RegistrationDetails): RegistrationBody {
  const { identity: { endpointUrl, runnerId }, secret, reason, maxConcurrency, runtimes } = details;
  return {
    secret, endpoint: endpointUrl, runnerId,
    statusMessage: `${statusMessage ?? DEFAULT_STATUS_MESSAGE} (${reason})`,
    ...(maxConcurrency === undefined ? {} : { maxConcurrency }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    version: RUNNER_VERSION, minimumHostVersion: MINIMUM_HOST_VERSION,
    ...machine(),
    runtimes,
  };
}

/** Operating system, processor architecture as Node and as the kernel name it, and the machine's uptime in whole seconds. */
export function machine(): Pick<RegistrationBody, "os" | "platform" | "arch" | "uptime"> {
  return { os: platform(), platform: arch(), arch: hardware(), uptime: Math.floor(uptime()) };
}
