# Makes a session wait for its script (languages/powershell.ts, `warm`). automn.ps1 runs this in its module's scope, the
# helpers being there: it waits for the job on the inherited pipe, applies it, and gives the author's file.
# PowerShell 7 and newer only.
. $Writing
. $Reading

$handle = [Microsoft.Win32.SafeHandles.SafeFileHandle]::new([IntPtr] [int] $env:AUTOMN_WARM_CHANNEL, $true)
$channel = [System.IO.FileStream]::new($handle, [System.IO.FileAccess]::ReadWrite, 1)
$reader = [System.IO.StreamReader]::new($channel, $Utf8, $false, 65536)

# Waits for the job, which is one line, says that it is there, and becomes its session; $Start gets what to run. When
# the runner has gone there is nobody to tell.
function TakeJob([System.IO.StreamReader] $From, [System.IO.FileStream] $To, [object[]] $Start) {
  $line = $From.ReadLine()
  if ($null -eq $line) { [System.Environment]::Exit(0) }
  $To.WriteByte(97)
  $To.Dispose()
  $file = Apply $line
  Begin $Start $file
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
  $job.GetProperty('file').GetString()
}

# What every job and nearly every script makes this session do is done now: .NET compiles it, and modules and formats are
# loaded. Nothing is printed: the helpers have no standard output yet, and the host is not asked, since pwsh's keeps the
# writer that it first prints to.
$output = $Stdout
$script:Stdout = [System.IO.Stream]::Null
$own = [System.Environment]::GetEnvironmentVariables()
$own.Remove('PSModulePath')
foreach ($round in 1..2) {
  $own.AUTOMN_INPUT_JSON = ('{"a":[1]}', '{}')[$round - 1]
  $own["AUTOMN_PRACTICE_$round"] = 'x'
  $own.Remove("AUTOMN_PRACTICE_$($round - 1)")
  $job = ToJson @{ file = "$Prelude/automn-practice.ps1"; environment = $own }
  $from = [System.IO.StreamReader]::new([System.IO.MemoryStream]::new($Utf8.GetBytes($job)))
  $practice = [object[]]::new(1)
  TakeJob $from ([System.IO.File]::OpenWrite('/dev/null')) $practice
  $null = & { . $args[0] } $practice[0] | Microsoft.PowerShell.Utility\Out-String
  [System.Console]::In.Dispose()
}
$script:Stdout = $output
$nothing = [byte[]]::new(0)
$Stdout.Write($nothing, 0, $nothing.Length)
$Stdout.Flush()
# The engine's list of sessions, from which this one is taken at its end, is such a dictionary.
$sorted = [System.Collections.Generic.SortedDictionary[int, object]]::new()
foreach ($number in 1..3) { $sorted.Add($number, $null) }
foreach ($number in 2, 1, 3) { $null = $sorted.Remove($number) }
# The script finds no module that it has not asked for.
Microsoft.PowerShell.Core\Remove-Module Microsoft.PowerShell.Utility -ErrorAction Ignore
$global:Error.Clear()

$channel.WriteByte(114)
TakeJob $reader $channel $args[0]
