# Waits for the job of a process that was started ahead (powershell.ts, `warm`) and takes it: automn.ps1 runs this before
# it sets the run's variables, while PowerShell is still opening the session. The host runs the author's file afterwards,
# as it runs any other.

# The host looks at its command line again once the session is open, and finds the author's file there. It is a private
# field: where PowerShell has another one, this throws, the process ends, and scripts are started cold.
$private = [System.Reflection.BindingFlags] 'NonPublic, Static, Instance'
$consoleHost = [Microsoft.PowerShell.UnmanagedPSEntry].Assembly.GetType('Microsoft.PowerShell.ConsoleHost')
$commandLine = $consoleHost.GetField('s_cpp', $private).GetValue($null)
$fileOption = $commandLine.GetType().GetField('_file', $private)
$null = $fileOption.GetValue($commandLine)

$handle = [Microsoft.Win32.SafeHandles.SafeFileHandle]::new([IntPtr] [int] $env:AUTOMN_WARM_CHANNEL, $true)
$channel = [System.IO.FileStream]::new($handle, [System.IO.FileAccess]::ReadWrite, 1)
$reader = [System.IO.StreamReader]::new($channel, [System.Text.Encoding]::UTF8, $false, 65536)

# Waits for the job, which is one line, says that it is there, takes its environment and returns the author's file. When
# the runner has gone there is nobody to tell.
function Read-Job([System.IO.StreamReader] $From, [System.IO.FileStream] $To) {
  $line = $From.ReadLine()
  if ($null -eq $line) { [System.Environment]::Exit(0) }
  $To.WriteByte(97)
  $To.Dispose()
  $job = [System.Text.Json.JsonDocument]::Parse($line).RootElement
  Set-JobEnvironment $job.GetProperty('environment')
  $directory = [System.Text.Json.JsonElement]::new()
  if ($job.TryGetProperty('directory', [ref] $directory)) { Set-WorkingDirectory $directory.GetString() }
  $job.GetProperty('file').GetString()
}

# Changes the process's directory and the session's.
function Set-WorkingDirectory([string] $Directory) {
  [System.Environment]::CurrentDirectory = $Directory
  $null = $ExecutionContext.SessionState.Path.SetLocation([WildcardPattern]::Escape($Directory))
}

# Replaces the environment, and does to it what PowerShell does when it starts: its own folder comes first on the PATH.
# The module path stays; a job that wants another one is not given to this process. What automn.pssc takes back is not set
# again.
function Set-JobEnvironment([System.Text.Json.JsonElement] $Wanted) {
  $zone = $env:TZ
  $names = [System.Collections.Generic.HashSet[string]]::new()
  $null = $names.Add('PSModulePath')
  foreach ($variable in $Wanted.EnumerateObject()) {
    $value = $variable.Value.GetString()
    if ($value -ceq 'Yes' -and $variable.Name -cin 'NO_COLOR', 'POWERSHELL_DIAGNOSTICS_OPTOUT') { continue }
    if ($names.Add($variable.Name) -and [System.Environment]::GetEnvironmentVariable($variable.Name) -cne $value) {
      [System.Environment]::SetEnvironmentVariable($variable.Name, $value)
    }
  }
  foreach ($name in [System.Environment]::GetEnvironmentVariables().Keys) {
    if (-not $names.Contains($name)) { [System.Environment]::SetEnvironmentVariable($name, [NullString]::Value) }
  }
  if (-not $env:PATH) { $env:PATH = $PSHOME } elseif (-not $env:PATH.StartsWith("${PSHOME}:")) { $env:PATH = "${PSHOME}:$env:PATH" }
  if ($env:TZ -cne $zone) { [System.TimeZoneInfo]::ClearCachedData() }
}

# Whatever a job and nearly every script make this session do is done twice now: .NET compiles it, and modules and formats
# are loaded. Nothing is printed: the helpers have no standard output yet, and the host is not asked, since it keeps the
# writer that it first prints to.
Write-AutomnLine
$module = ${function:Write-AutomnLine}.Module
$stdout = & $module { $Stdout; $script:Stdout = [System.IO.Stream]::Null }
$environment = [System.Environment]::GetEnvironmentVariables()
foreach ($name in 'PSModulePath', 'AUTOMN_WARM_CHANNEL') { $environment.Remove($name) }
foreach ($round in 1, 2) {
  $environment.AUTOMN_INPUT_JSON = ('{"a":[1]}', '{}')[$round - 1]
  $environment["AUTOMN_REHEARSAL_$round"] = 'x'
  $environment.Remove("AUTOMN_REHEARSAL_$($round - 1)")
  $job = & $module { ToJson $args[0] } @{ file = "$PSScriptRoot/automn-rehearsal.ps1"; environment = $environment }
  $from = [System.IO.StreamReader]::new([System.IO.MemoryStream]::new([System.Text.Encoding]::UTF8.GetBytes($job)))
  $file = Read-Job $from ([System.IO.File]::OpenWrite('/dev/null'))
  & "$PSScriptRoot/automn.ps1"
  $null = [System.Management.Automation.Language.Parser]::ParseFile($file, [ref] $null, [ref] $null)
  $shell = [powershell]::Create('CurrentRunspace')
  $null = $shell.AddCommand($file, $false).AddCommand('Microsoft.PowerShell.Utility\Out-String').Invoke()
  $shell.Dispose()
}
[System.Environment]::SetEnvironmentVariable('AUTOMN_REHEARSAL_2', [NullString]::Value)
& $module { $script:Stdout = $args[0]; $Stdout.Write([byte[]]::new(0), 0, 0); $Stdout.Flush() } $stdout
# The script finds no module that it has not asked for, and no error.
Microsoft.PowerShell.Core\Remove-Module Microsoft.PowerShell.Utility -ErrorAction Ignore
$global:Error.Clear()

$channel.WriteByte(114)
$fileOption.SetValue($commandLine, (Read-Job $reader $channel))
