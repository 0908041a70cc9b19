# Makes a session wait for its script (languages/powershell.ts, `warm`). automn.ps1 runs this in its module's scope, the
# helpers being there: it waits for the job on the inherited pipe, applies it, and gives the author's file.
# PowerShell 7 and newer only.
$handle = [Microsoft.Win32.SafeHandles.SafeFileHandle]::new([IntPtr] [int] $env:AUTOMN_SPARE, $true)
$channel = [System.IO.FileStream]::new($handle, [System.IO.FileAccess]::ReadWrite, 1)

# One line. When the runner has gone there is nobody to tell.
function ReadJob {
  $bytes = [System.IO.MemoryStream]::new()
  $chunk = [byte[]]::new(65536)
  do {
    $size = $channel.Read($chunk, 0, $chunk.Length)
    if ($size -eq 0) { [System.Environment]::Exit(0) }
    $bytes.Write($chunk, 0, $size)
  } until ($chunk[$size - 1] -eq 10)
  $Utf8.GetString($bytes.ToArray())
}

# Replaces the environment, and gives the author's file. PowerShell has set its module path itself; a job that wants
# another one is not given to this process.
function Apply([string] $Json) {
  $job = [System.Text.Json.JsonDocument]::Parse($Json).RootElement
  $zone = $env:TZ
  $wanted = [System.Collections.Generic.HashSet[string]]::new()
  $null = $wanted.Add('PSModulePath')
  foreach ($one in $job.GetProperty('environment').EnumerateObject()) {
    $value = $one.Value.GetString()
    if ($wanted.Add($one.Name) -and [System.Environment]::GetEnvironmentVariable($one.Name) -cne $value) {
      [System.Environment]::SetEnvironmentVariable($one.Name, $value)
    }
  }
  foreach ($name in [System.Environment]::GetEnvironmentVariables().Keys) {
    if (-not $wanted.Contains($name)) { [System.Environment]::SetEnvironmentVariable($name, [NullString]::Value) }
  }
  if ($env:TZ -cne $zone) { [System.TimeZoneInfo]::ClearCachedData() }
  # A session that is started for its script has by now read standard input to its end: the script's children find none.
  [System.Console]::OpenStandardInput().CopyTo([System.IO.Stream]::Null)
  $Run.Clear()
  $job.GetProperty('file').GetString()
}

# What nearly every script makes this session do is done once now: .NET compiles it, and modules and formats are loaded.
$env:AUTOMN_INPUT_JSON = '{"a":[1]}'
$env:AUTOMN_INPUT_FILE = $null
$null = Apply (ToJson @{ file = ''; environment = [System.Environment]::GetEnvironmentVariables() })
MakeReady
$null = Launch ([System.IO.Path]::Combine($Prelude, 'modules', 'Automn', 'Automn.psd1'))
$null = ToJson ([pscustomobject] @{ a = 1; b = 'x', 2.5, $true }), @{ c = $null }
$null = & { 'x'; [pscustomobject] @{ a = 1 } } | Microsoft.PowerShell.Utility\Out-String
# The script finds no module that it has not asked for.
Microsoft.PowerShell.Core\Remove-Module Microsoft.PowerShell.Utility -ErrorAction Ignore

$channel.WriteByte([byte] [char] 'r')
$line = ReadJob
$channel.WriteByte([byte] [char] 'a')
$channel.Dispose()
Apply $line
