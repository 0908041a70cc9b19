// PowerShell: `pwsh`, and Windows PowerShell where there is no other. What a script sees is in prelude/automn.ps1.
import { fileURLToPath } from "node:url";
import type { Language } from "../language.ts";

const prelude = fileURLToPath(new URL("./prelude/automn.ps1", import.meta.url));

const quiet = ["-NoLogo", "-NoProfile", "-NonInteractive"];

// PowerShell opens a pipe for a debugger at its start and takes it down at its end, which is a good part of a short run's
// time. The prelude takes this value back, so that what a script starts has its pipe; another value is the author's own.
const NOT_DEBUGGED = "yes";

// No module is loaded for it, so that the answer comes fast; a path that is not PowerShell's own (`dotnet`, which may
// carry it) is left out.
const tellOfYourself = [
  "$path = [Diagnostics.Process]::GetCurrentProcess().MainModule.FileName",
  "$quote = { param($text) [char]34 + [regex]::Replace($text, '[^ !#-\\[\\]-~]', { '\\u{0:x4}' -f [int][char]$args[0].Value }) + [char]34 }",
  "$where = if ([IO.Path]::GetFileName($path) -match '^(pwsh|powershell)') { (& $quote 'path') + ':' + (& $quote $path) + ',' }",
  "[Console]::Out.WriteLine('{' + $where + (& $quote 'version') + ':' + (& $quote $PSVersionTable.PSVersion.ToString()) + '}')",
  // PowerShell would go on to read standard input to its end, which may never come.
  "[Environment]::Exit(0)",
].join("; ");

/** PowerShell as it is found and started on a platform. */
export function powershellOn(platform: NodeJS.Platform): Language {
  // Windows alone has a policy for scripts; the runner is told by the host what to run, and asks no one else.
  const policy = platform === "win32" ? ["-ExecutionPolicy", "Bypass"] : [];
  return {
    name: "powershell",
    title: "PowerShell",
    pathVariable: "AUTOMN_RUNNER_POWERSHELL_PATH",
    pathAliases: ["AUTOMN_POWERSHELL_PATH"],
    shownDefault: "`pwsh`",
    candidates: (where) => (where === "win32" ? [{ file: "pwsh" }, { file: "powershell.exe" }] : [{ file: "pwsh" }]),
    probe: [...quiet, "-Command", tellOfYourself],
    extension: () => ".ps1",
    command: (interpreter, codeFile, _spelling, { POWERSHELL_DIAGNOSTICS_OPTOUT: diagnostics = NOT_DEBUGGED }) => ({
      file: interpreter.path,
      args: [...quiet, ...policy, "-File", prelude, codeFile],
      environment: { POWERSHELL_TELEMETRY_OPTOUT: "1", POWERSHELL_UPDATECHECK: "Off", POWERSHELL_DIAGNOSTICS_OPTOUT: diagnostics },
    }),
    // The prelude waits where it would run the author's file.
    warm: (command) => ({ ...command, args: [...command.args.slice(0, -1), "automn-warm"] }),
    packageManager: async () => (await import("./packages.ts")).powershellPackages,
  };
}

/** PowerShell on this machine. */
export const powershell: Language = powershellOn(process.platform);
