// What the host is told of the machine.
import { arch, machine as hardware, platform, uptime } from "node:os";
import type { RegistrationBody } from "../protocol/registration.ts";

/** Operating system, processor architecture as Node and as the kernel name it, and the machine's uptime in whole seconds. */
export function machine(): Pick<RegistrationBody, "os" | "platform" | "arch" | "uptime"> {
  return { os: platform(), platform: arch(), arch: hardware(), uptime: Math.floor(uptime()) };
}
