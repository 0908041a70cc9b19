# What the helpers of automn.ps1 do. Its functions dot-source this file when a script calls the first of them, and find it
# in their module from then on: a script that calls none pays for none.
#
# Windows PowerShell 5.1 reads this file too as ANSI: it stays plain ASCII, and within what 5.1 understands.

$script:Writing = {}
$script:Invariant = [System.Globalization.CultureInfo]::InvariantCulture
$script:Stdout = [System.Console]::OpenStandardOutput()
$script:MaxDepth = 1000

# ---- output

# Writes one line, whole, in its place among what the session itself prints: the console's writer is flushed first,
# and is the lock that other runspaces and the session's own prints hold while they write.
function script:Send([string] $Text) {
  # In a background job standard output is the wire to the session that started it.
  if ($Host.Name -eq 'ServerRemoteHost') { Write-Host $Text; return }
  $bytes = $Utf8.GetBytes($Text + "`n")
  $shared = [System.Console]::Out
  [System.Threading.Monitor]::Enter($shared)
  try {
    $shared.Flush()
    $Stdout.Write($bytes, 0, $bytes.Length)
    $Stdout.Flush()
  } finally { [System.Threading.Monitor]::Exit($shared) }
}

# Runs $Make, which returns a line, and writes it; what can't be serialised is said under the helper's name.
function script:SendMade([string] $Helper, [scriptblock] $Make) {
  try { $line = & $Make }
  catch {
    [System.Console]::Error.WriteLine("Failed to serialize $Helper data: $($_.Exception.Message)")
    return
  }
  Send $line
}

# ---- JSON
# ConvertTo-Json shortens silently at a depth, runs away on a FileInfo, and differs between versions; this one gives
# what it gives for plain data (enums are numbers) at every depth, and of any other object its properties, one level.

$script:IsoTime = 'yyyy-MM-ddTHH:mm:ss.FFFFFFFK'
$script:Special = [regex] '[\x00-\x1f"\\\ud800-\udfff]'
$script:Unprintable = [regex] '[\x00-\x1f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]'

function script:Quote([string] $Text) {
  if (-not $Special.IsMatch($Text)) { return '"' + $Text + '"' }
  $Text = $Text.Replace('\', '\\').Replace('"', '\"').Replace("`n", '\n').Replace("`r", '\r').Replace("`t", '\t')
  # Only where there is one: handing a script block over as the replacer costs as much as all the rest.
  if ($Unprintable.IsMatch($Text)) { $Text = $Unprintable.Replace($Text, { '\u{0:x4}' -f [int][char] $args[0].Value }) }
  '"' + $Text + '"'
}

# The JSON of a value that has no parts, else nothing.
function script:ScalarJson($Value) {
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
        if ($Value -is [bigint] -or $Value -is [IntPtr]) { return $Value.ToString() }
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
function script:IsAuthorsType([Type] $Type) { $Type.Assembly.IsDynamic -or $Type.Assembly.Location -eq '' }

# One line of JSON, by a loop and not by recursion, which PowerShell limits. Throws where the value contains itself.
# A call costs more than ten other steps in PowerShell: what is common is done in place, and a name is quoted once.
# An open container is @(what it still holds, its closing bracket, are its items bounded, has it keys, itself).
function script:ToJson($Value) {
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
      if ($Value -is [System.Collections.IDictionary]) { $items = $Value.GetEnumerator(); $keyed = $true }
      elseif ($Value -is [System.Management.Automation.PSCustomObject]) { $items = $Value.psobject.Properties.GetEnumerator() }
      elseif ($Value -is [System.Collections.IList]) { $items = [System.Management.Automation.LanguagePrimitives]::GetEnumerator($Value); $close = ']' }
      elseif ($null -ne ($json = ScalarJson $Value)) { [void] $out.Append($json) }
      elseif ($null -ne ($items = [System.Management.Automation.LanguagePrimitives]::GetEnumerator($Value))) { $close = ']' }
      elseif ($bounded) { [void] $out.Append((Quote ([string] $Value))) }
      else { $items = $Value.psobject.Properties.GetEnumerator(); $bounded = -not (IsAuthorsType $Value.GetType()) }

      if ($null -ne $items) {
        # What contains itself gets deep; so nothing that stays shallow pays for the search.
        if ($open.Count -gt 50) { foreach ($outer in $open) { if ([object]::ReferenceEquals($outer[4], $Value)) { throw "a $($Value.GetType().Name) contains itself" } } }
        if ($open.Count -ge $MaxDepth) { throw "it is nested deeper than $MaxDepth levels" }
        if ($close -eq ']') { [void] $out.Append('[') } else { [void] $out.Append('{') }
        $open.Push(@($items, $close, $bounded, $keyed, $Value))
      }
    }

    while ($open.Count -gt 0) {
      $top = $open.Peek()
      if (-not $top[0].MoveNext()) {
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

# What a person reads of an error; any other value as it is.
function script:Readable($Value) {
  if ($Value -is [System.Management.Automation.ErrorRecord]) { return $Value.ToString() }
  if ($Value -is [Exception]) { return $Value.Message }
  , $Value
}
function script:Words([object[]] $Values) {
  $texts = foreach ($value in $Values) {
    $value = Readable $value
    if ($value -is [string]) { [string] $value } else { ToJson $value }
  }
  $texts -join ' '
}
