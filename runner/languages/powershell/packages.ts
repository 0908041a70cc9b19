// The packages of PowerShell scripts: modules of the machine or the PowerShell Gallery.
import { type PackageManager, runtimeKey } from "../package-manager.ts";
import { psresource } from "./psresource.ts";
import { powershellNeeds } from "./requires.ts";

/** PSResourceGet or PowerShellGet as the package manager of PowerShell scripts. */
export const powershellPackages: PackageManager = {
  installer: psresource,
  folder: "modules",
  codeBesidePackages: false,
  pathVariable: "PSModulePath",
  read: powershellNeeds,
  runtime: ({ version }) => runtimeKey("powershell", version, 1),
  satisfies: () => false, // NuGet ranges are PowerShell's own to read
  spelled: ({ name, version }) => (version === undefined ? name : `${name} ${version}`),
};
