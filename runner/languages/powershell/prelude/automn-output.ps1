# The lines that the helpers of automn.ps1 write, and the JSON in them: the code of the module Automn. None of it calls a
# cmdlet that an author may replace.
#
# Windows PowerShell 5.1 reads this file as ANSI: it stays plain ASCII, and within what 5.1 understands.

$ErrorActionPreference = 'Stop'
# PowerShell 6 and newer keep a caller's strict mode out of a module by themselves.
if ($PSEdition -ne 'Core') { Microsoft.PowerShell.Core\Set-StrictMode -Off }
$Invariant = [System.Globalization.CultureInfo]::InvariantCulture
$Utf8 = [System.Text.UTF8Encoding]::new($false)
$Stdout = [System.Console]::OpenStandardOutput()
$MaxDepth = 1000

# ---- lines

# Writes the line of one helper, if any: $Value is the returned value, or the helper's arguments.
function Write-AutomnLine([string] $Helper, $Value) {
  $line = $null
  switch ($Helper) {
    'Return' {
      try { $line = '__SCRIPTRETURN__' + (ToJson $Value) }
      catch { [System.Console]::Error.WriteLine("Failed to serialize AutomnReturn data: $($_.Exception.Message)"); return }
    }
    'Log' {
      $context = if ($null -eq $Value[2]) { @{} } else { $Value[2] }
      $line = '__SCRIPTLOG__' + (ToLogJson ([ordered] @{ message = Readable $Value[0]; level = $Value[1]; context = $context; type = $Value[3] }))
    }
    'Notify' { $line = '__SCRIPTNOTIFY__' + (ToLogJson ([ordered] @{ audience = $Value[0]; message = Readable $Value[1]; level = $Value[2] })) }
    'RunLog' {
      $texts = foreach ($one in $Value) {
        $one = Readable $one
        if ($one -is [string]) { $one } else { ToLogJson $one }
      }
      $line = $texts -join ' '
    }
  }
  if ($null -ne $line) { Send $line }
}

# Writes one line, whole, in its place among what the session itself prints: the console's writer is flushed first,
# and is the lock that other runspaces and the session's own prints hold while they write.
function Send([string] $Text) {
  # In a background job standard output is the wire to the session that started it.
  if ($Host.Name -eq 'ServerRemoteHost') { Microsoft.PowerShell.Utility\Write-Host $Text; return }
  $bytes = $Utf8.GetBytes($Text + "`n")
  $shared = [System.Console]::Out
  [System.Threading.Monitor]::Enter($shared)
  try {
    $shared.Flush()
    $Stdout.Write($bytes, 0, $bytes.Length)
    $Stdout.Flush()
  } finally { [System.Threading.Monitor]::Exit($shared) }
}

# What a person reads of an error; any other value as it is.
function Readable($Value) {
  if ($Value -is [System.Management.Automation.ErrorRecord]) { return $Value.ToString() }
  if ($Value -is [Exception]) { return $Value.Message }
  , $Value
}

# ---- JSON
# ConvertTo-Json shortens silently at a depth, runs away on a FileInfo, and differs between versions; this one gives
# what it gives for plain data (enums are numbers) at every depth, and of any other object its properties, one level.

$IsoTime = 'yyyy-MM-ddTHH:mm:ss.FFFFFFFK'
$Special = [regex] '[\x00-\x1f"\\\ud800-\udfff]'
$Unprintable = [regex] '[\x00-\x1f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]'

function Quote([string] $Text) {
  if (-not $Special.IsMatch($Text)) { return '"' + $Text + '"' }
  $Text = $Text.Replace('\', '\\').Replace('"', '\"').Replace("`n", '\n').Replace("`r", '\r').Replace("`t", '\t')
  # Only where there is one: handing a script block over as the replacer costs as much as all the rest.
  if ($Unprintable.IsMatch($Text)) { $Text = $Unprintable.Replace($Text, { '\u{0:x4}' -f [int][char] $args[0].Value }) }
  '"' + $Text + '"'
}

# The JSON of a value that has no parts, else nothing.
function ScalarJson($Value) {
  if ($Value -is [ValueType]) {
    $type = $Value.GetType()
    if ($type.IsEnum) { return $Value.ToString('D') }
    switch ([Type]::GetTypeCode($type).ToString()) {
      'Boolean' { if ($Value) { return 'true' } else { return 'false' } }
      'Char' { return Quote $Value }
      'DateTime' { return Quote $Value.ToString($IsoTime, $Invariant) }
      { $_ -eq 'Double' -or $_ -eq 'Single' } {
        $text = $Value.ToString('R', $Invariant)
        if ([double]::IsNaN($Value) -or [double]::IsInfinity($Value)) { return '"' + $text + '"' } else { return $text }
      }
      'Object' {
        if ($Value -is [DateTimeOffset]) { return Quote $Value.ToString($IsoTime, $Invariant) }
        if ($Value -is [guid]) { return Quote $Value.ToString() }
        if ($Value -is [bigint] -or $Value -is [IntPtr] -or $Value -is [UIntPtr]) { return $Value.ToString() }
        if ($Value -is [System.Management.Automation.SwitchParameter]) { return ScalarJson $Value.IsPresent }
        return
      }
      default { return $Value.ToString($Invariant) }
    }
  }
  if ($Value -is [string]) { return Quote $Value }
  if ($Value -is [DBNull] -or $Value -is [System.Management.Automation.Language.NullString]) { return 'null' }
  if ($Value -is [uri]) { return Quote $Value.OriginalString }
  if ($Value -is [System.Xml.XmlNode]) { return Quote $Value.OuterXml }
  if ($Value -is [scriptblock] -or $Value -is [regex] -or $Value -is [System.Reflection.MemberInfo] -or $Value -is [System.Security.SecureString]) { return Quote $Value.ToString() }
}

# A class of the author's (in PowerShell, or by Add-Type) is data at every level, like a table.
function IsAuthorsType([Type] $Type) { $Type.Assembly.IsDynamic -or $Type.Assembly.Location -eq '' }

# The JSON of a log's value, which is never refused: text takes the place of what JSON cannot hold.
function ToLogJson($Value) { try { ToJson $Value } catch { ToJson $Value -Tolerant } }

# One line of JSON, by a loop and not by recursion, which PowerShell limits. Throws where the value contains itself, is
# nested deeper than $MaxDepth or cannot be read; -Tolerant writes a text there.
# A call costs more than ten other steps in PowerShell: what is common is done in place, and a name is quoted once.
# An open container is @(what it still holds, its closing bracket, are its items bounded, has it keys, itself).
function ToJson($Value, [switch] $Tolerant) {
  $out = [System.Text.StringBuilder]::new()
  $open = [System.Collections.Generic.Stack[object]]::new()
  $quoted = [System.Collections.Generic.Dictionary[string, string]]::new()
  $bounded = $false
  :next while ($true) {
    if ($null -eq $Value) { [void] $out.Append('null') }
    elseif ($Value -is [int]) { [void] $out.Append($Value.ToString($Invariant)) }
    elseif ($Value -is [string]) {
      if ($Special.IsMatch($Value)) { [void] $out.Append((Quote $Value)) } else { [void] $out.Append('"').Append([string] $Value).Append('"') }
    } elseif ($Value -is [bool]) { if ($Value) { [void] $out.Append('true') } else { [void] $out.Append('false') } }
    elseif ($Value -is [double] -and -not [double]::IsNaN($Value) -and -not [double]::IsInfinity($Value)) { [void] $out.Append($Value.ToString('R', $Invariant)) }
    elseif ($Value -is [datetime]) { [void] $out.Append('"').Append($Value.ToString($IsoTime, $Invariant)).Append('"') }
    else {
      # No member of the value by name here: a table's keys would answer.
      $close = '}'
      $items = $null
      $keyed = $false
      $json = $null
      try {
        if ($Value -is [System.Collections.IDictionary]) { $items = $Value.GetEnumerator(); $keyed = $true }
        elseif ($Value -is [System.Management.Automation.PSCustomObject]) { $items = $Value.psobject.Properties.GetEnumerator() }
        elseif ($Value -is [System.Collections.IList]) { $items = [System.Management.Automation.LanguagePrimitives]::GetEnumerator($Value); $close = ']' }
        elseif ($null -ne ($json = ScalarJson $Value)) {}
        elseif ($null -ne ($items = [System.Management.Automation.LanguagePrimitives]::GetEnumerator($Value))) { $close = ']' }
        elseif ($bounded) { $json = Quote ([string] $Value) }
        else { $items = $Value.psobject.Properties.GetEnumerator(); $bounded = -not (IsAuthorsType $Value.GetType()) }
      } catch {
        if (-not $Tolerant) { throw }
        $json = Quote $Value.GetType().FullName
      }
      if ($null -ne $items) {
        # What contains itself gets deep; so nothing that stays shallow pays for the search.
        if ($Tolerant -or $open.Count -gt 50) {
          foreach ($outer in $open) { if ([object]::ReferenceEquals($outer[4], $Value)) { $json = '"[Circular]"' } }
          if ($json -and -not $Tolerant) { throw "a $($Value.GetType().Name) contains itself" }
        }
        if ($open.Count -ge $MaxDepth) {
          if (-not $Tolerant) { throw "it is nested deeper than $MaxDepth levels" }
          $json = '"[Too deep]"'
        }
      }
      if ($null -ne $json) { [void] $out.Append($json) }
      else {
        if ($close -eq ']') { [void] $out.Append('[') } else { [void] $out.Append('{') }
        $open.Push(@($items, $close, $bounded, $keyed, $Value))
      }
    }

    while ($open.Count -gt 0) {
      $top = $open.Peek()
      try { $more = $top[0].MoveNext() } catch { if (-not $Tolerant) { throw }; $more = $false }
      if (-not $more) {
        [void] $out.Append($top[1])
        [void] $open.Pop()
        continue
      }
      $last = $out[$out.Length - 1]
      if ($last -ne '[' -and $last -ne '{') { [void] $out.Append(',') }
      $current = $top[0].Current
      $bounded = $top[2]
      if ($top[1] -eq ']') { $Value = $current; continue next }
      if ($top[3]) { $name = [string] $current.Key } else { $name = $current.Name }
      if (-not $quoted.ContainsKey($name)) { $quoted[$name] = (Quote $name) + ':' }
      [void] $out.Append($quoted[$name])
      # Some properties throw when they are read, such as the exit code of a process that runs.
      try { $Value = $current.Value } catch { $Value = $null }
      continue next
    }
    return $out.ToString()
  }
}
