// What the operator should know about the host, besides whether it took the registration.
import { hostVersions, versionProblems } from "../protocol/registration.ts";

/** A clock that differs by more than this is reported. */
const TOLERATED_SKEW_MS = 30_000;

/** Sentences about the versions in the host's answer and about its clock, which is `clockSkewMs` ahead of ours; none if all is well. */
export function hostWarnings(answer: unknown, clockSkewMs = 0): string[] {
  const problems = versionProblems(hostVersions(answer));
  if (Math.abs(clockSkewMs) <= TOLERATED_SKEW_MS) return problems;
  const seconds = Math.round(Math.abs(clockSkewMs) / 1000);
  return [...problems, `The host's clock is ${seconds} s ${clockSkewMs > 0 ? "ahead of" : "behind"} this machine's: check both clocks.`];
}
