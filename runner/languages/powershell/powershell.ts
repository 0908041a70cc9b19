// PowerShell: `pwsh`, and Windows PowerShell where there is no other. What a script sees is in prelude/automn.ps1.
import { fileURLToPath } from "node:url";
import type { Interpreter, Language } from "../language.ts";

const preludeFile = (name: string) => fileURLToPath(new URL(`./prelude/${name}`, import.meta.url));
const CONFIGURATION = preludeFile("automn.pssc");
const STARTUP_SCRIPT = preludeFile("automn.ps1");
const OLDER_STARTER = preludeFile("automn-older.ps1");

const QUIET = ["-NoLogo", "-NoProfile", "-NonInteractive"];

/**
 * The value of what PowerShell reads when it starts and the prelude takes back, so that what a script starts does not see
 * it: no colours, and no pipe for a debugger, which would be a good part of a short run's time. Another value, or another
 * spelling, is the author's own.
 */
const TAKEN_BACK = "Yes";

/**
 * Prints the version, and the executable that runs this: it loads no module, so that the answer comes fast. The .NET tool
 * is a shim that starts `dotnet pwsh.dll`, in two processes; beside that lies a `pwsh` of one, if it can be started.
 */
const PROBE = [
  "$path = [Diagnostics.Process]::GetCurrentProcess().MainModule.FileName",
  "if ([IO.Path]::GetFileNameWithoutExtension($path) -eq 'dotnet') { $ending = [IO.Path]::GetExtension($path)",
  "$path = [IO.Path]::Combine($PSHOME, 'pwsh' + $ending)",
  "try { $null = & $path -Version } catch {}",
  "if ($LASTEXITCODE -ne 0) { $path = '' } }",
  "$escape = { '\\u{0:x4}' -f [int][char]$args[0].Value }",
  "$quote = { param($text) [char]34 + [regex]::Replace($text, '[^ !#-\\[\\]-~]', $escape) + [char]34 }",
  "$version = $PSVersionTable.PSVersion.ToString()",
  "$pair = { param($name, $value) (& $quote $name) + ':' + (& $quote $value) }",
  "[Console]::Out.WriteLine('{' + (& $pair 'path' $path) + ',' + (& $pair 'version' $version) + '}')",
  // PowerShell would go on to read standard input to its end, which may never come.
  "[Environment]::Exit(0)",
].join("; ");

/** How the helpers are loaded before the script's file: 7.3 and newer know `-ConfigurationFile`. */
function starter({ version }: Interpreter): readonly string[] {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const readsConfiguration = major > 7 || (major === 7 && minor >= 3);
  return readsConfiguration ? ["-ConfigurationFile", CONFIGURATION, "-File"] : ["-File", OLDER_STARTER];
}

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
    probe: [...QUIET, "-Command", PROBE],
    extension: () => ".ps1",
    command: (interpreter, codeFile, _spelling, { NO_COLOR = TAKEN_BACK, POWERSHELL_DIAGNOSTICS_OPTOUT = TAKEN_BACK }) => ({
      file: interpreter.path,
      args: [...QUIET, ...policy, ...starter(interpreter), codeFile],
      environment: { POWERSHELL_TELEMETRY_OPTOUT: "1", POWERSHELL_UPDATECHECK: "Off", POWERSHELL_DIAGNOSTICS_OPTOUT, NO_COLOR },
    }),
    // PowerShell wants a file that exists; the author's takes its place (prelude/automn-warm.ps1).
    warm: (command) => ({ ...command, args: [...command.args.slice(0, -1), STARTUP_SCRIPT] }),
    packageManager: async () => (await import("./packages.ts")).powershellPackages,
  };
}

/** PowerShell on this machine. */
export const powershell: Language = powershellOn(process.platform);
