# The helpers of a PowerShell script, and the start of the author's file.
#
#   automn.ps1 FILE           defines the helpers, makes the session ready for one run, and runs FILE as
#                             `pwsh -File FILE` would
#   $m = . automn.ps1         only defines them; `& $m { MakeReady }` makes ready for a run later
#
# Windows PowerShell 5.1 reads this file as ANSI: it stays plain ASCII, and within what 5.1 understands.

# ------------------------------------------------------------------------------------------------ 1. the helpers
# A module keeps what only the helpers need out of the author's sight, and the author's strict mode and preferences
# out of the helpers. None of them calls a cmdlet that an author may replace, ConvertFrom-Json by its full name apart.
New-Module -Name Automn -ReturnResult -ArgumentList $PSScriptRoot, $args -ScriptBlock {
  param([string] $Prelude, [object[]] $Start)
  Set-StrictMode -Off
  $ErrorActionPreference = 'Stop'

  $Utf8 = [System.Text.UTF8Encoding]::new($false)
  $Invariant = [System.Globalization.CultureInfo]::InvariantCulture
  $Stdout = [System.Console]::OpenStandardOutput()
  $MaxDepth = 1000
  $Names = 'Input', 'InternalInput', 'InternalInputJson', 'InternalInputError'
  $Run = @{ Ready = $true }

  # ---- output

  # Writes one line, whole, in its place among what the session itself prints: the console's writer is flushed first,
  # and is the lock that other runspaces and the session's own prints hold while they write.
  function Send([string] $Text) {
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
  function SendMade([string] $Helper, [scriptblock] $Make) {
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
  function IsAuthorsType([Type] $Type) { $Type.Assembly.IsDynamic -or $Type.Assembly.Location -eq '' }

  # One line of JSON, by a loop and not by recursion, which PowerShell limits. Throws where the value contains itself.
  # A call costs more than ten other steps in PowerShell: what is common is done in place, and a name is quoted once.
  # An open container is @(what it still holds, its closing bracket, are its items bounded, has it keys, itself).
  function ToJson($Value) {
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
  function Readable($Value) {
    if ($Value -is [System.Management.Automation.ErrorRecord]) { return $Value.ToString() }
    if ($Value -is [Exception]) { return $Value.Message }
    , $Value
  }

  # ---- what the author calls

  # Several values, from the pipeline or as arguments, are returned as an array; one value as it is; none as null.
  function AutomnReturn {
    [CmdletBinding()]
    param(
      [Parameter(Position = 0, ValueFromPipeline = $true)] [AllowNull()] $Data,
      [Parameter(ValueFromRemainingArguments = $true)] [object[]] $More
    )
    begin {
      $piped = $MyInvocation.ExpectingInput
      $all = [System.Collections.ArrayList]::new()
    }
    process { if ($piped) { [void] $all.Add($Data) } }
    end {
      if ($piped) { if ($all.Count -eq 1) { $result = $all[0] } elseif ($all.Count -eq 0) { $result = $null } else { $result = $all } }
      elseif ($More) { $result = @(, $Data) + $More }
      else { $result = $Data }
      SendMade AutomnReturn { '__SCRIPTRETURN__' + (ToJson $result) }
    }
  }

  function AutomnLog {
    [CmdletBinding()]
    param(
      [Parameter(Position = 0)] [AllowNull()] $Message,
      [Parameter(Position = 1)] [string] $Level = 'info',
      [Parameter(Position = 2)] [AllowNull()] $Context,
      [Parameter(Position = 3)] [string] $Type = 'general'
    )
    if ($null -eq $Context) { $Context = @{} }
    $entry = [ordered] @{ message = Readable $Message; level = $Level; context = $Context; type = $Type }
    SendMade AutomnLog { '__SCRIPTLOG__' + (ToJson $entry) }
  }

  function AutomnNotify {
    [CmdletBinding()]
    param(
      [Parameter(Position = 0)] [AllowNull()] $Audience,
      [Parameter(Position = 1)] [AllowNull()] $Message,
      [Parameter(Position = 2)] [string] $Level = 'info'
    )
    $entry = [ordered] @{ audience = $Audience; message = Readable $Message; level = $Level }
    SendMade AutomnNotify { '__SCRIPTNOTIFY__' + (ToJson $entry) }
  }

  # The arguments on one line; each piped value on a line of its own, behind the arguments.
  function AutomnRunLog {
    begin {
      $words = @(foreach ($value in $args) { , $value })
      $piped = $MyInvocation.ExpectingInput
    }
    process { if ($piped) { $all = $words + @(, $_); SendMade AutomnRunLog { Words $all } } }
    end { if (-not $piped) { SendMade AutomnRunLog { Words $words } } }
  }

  function Words([object[]] $Values) {
    $texts = foreach ($value in $Values) {
      $value = Readable $value
      if ($value -is [string]) { [string] $value } else { ToJson $value }
    }
    $texts -join ' '
  }

  function AutomnGetInternalInput { ReadInput; , $Run.Value }
  function AutomnGetInternalInputJson { ReadText; $Run.Json }
  function AutomnGetInternalInputError { ReadInput; $Run.Fault }
  function AutomnHasInternalInputError { ReadInput; $null -ne $Run.Fault }

  # ---- the input

  function ReadText {
    if ($Run.HasText) { return }
    $Run.HasText = $true
    $Run.Json = '{}'
    try {
      if ($env:AUTOMN_INPUT_JSON) { $Run.Json = $env:AUTOMN_INPUT_JSON }
      elseif ($env:AUTOMN_INPUT_FILE) { $Run.Json = [System.IO.File]::ReadAllText($env:AUTOMN_INPUT_FILE, $Utf8) }
    } catch { $Run.Fault = $_.Exception.Message; $Run.HasValue = $true }
  }

  function ReadInput {
    ReadText
    if ($Run.HasValue) { return }
    $Run.HasValue = $true
    # Most runs have no input; this is the same value without loading a module for it.
    if ($Run.Json -eq '{}') { $Run.Value = [psobject]::new(); return }
    $options = @{ InputObject = $Run.Json }
    if ($PSVersionTable.PSVersion.Major -ge 7) { $options.NoEnumerate = $true }
    try { $Run.Value = Microsoft.PowerShell.Utility\ConvertFrom-Json @options }
    catch { $Run.Fault = $_.Exception.Message }
  }

  function InputPart([string] $Name) {
    switch ($Name) {
      'InternalInputJson' { ReadText; $Run.Json }
      'InternalInputError' { ReadInput; $Run.Fault }
      default { ReadInput; , $Run.Value }
    }
  }

  # A big input (it comes as a file alone) is read when a script first looks at one of its variables.
  function DefineLazily {
    $type = & ([scriptblock]::Create('
      class AutomnLazyVariable : System.Management.Automation.PSVariable {
        hidden [scriptblock] $Read; hidden [object] $Kept; hidden [bool] $Known
        AutomnLazyVariable([string] $name, [scriptblock] $read) : base($name) { $this.Read = $read }
        [object] get_Value() { if (-not $this.Known) { $this.set_Value((& $this.Read $this.Name)) }; return $this.Kept }
        [void] set_Value([object] $value) { $this.Kept = $value; $this.Known = $true }
      }
      [AutomnLazyVariable]'))
    foreach ($name in $Names) {
      $ExecutionContext.SessionState.PSVariable.Set($type::new("global:Automn$name", { InputPart ($args[0] -replace '^(global:)?Automn') }))
    }
  }

  function MakeReady { PrepareSession; SetVariables; $global:Error.Clear() }

  # Sets what the helpers and the author know of one run, from the environment.
  function SetVariables {
    $Run.Clear()
    $global:AutomnRunId = $env:AUTOMN_RUN_ID
    if (-not $env:AUTOMN_INPUT_JSON -and $env:AUTOMN_INPUT_FILE) {
      try { DefineLazily; return } catch { $Run.Clear() }
    }
    $global:AutomnInput = InputPart Input
    $global:AutomnInternalInput = $global:AutomnInput
    $global:AutomnInternalInputJson = InputPart InternalInputJson
    $global:AutomnInternalInputError = InputPart InternalInputError
  }

  # ---- the author's file

  # UTF-8 in and out, no colours, no progress bars, and the input as [Console]::In: the session has by now read
  # standard input to its end, which would leave the author nothing, and Windows PowerShell reads it as ANSI.
  function PrepareSession {
    $global:ProgressPreference = 'SilentlyContinue'
    $global:OutputEncoding = $Utf8
    $style = $ExecutionContext.SessionState.PSVariable.GetValue('global:PSStyle')
    if ($style) { $style.OutputRendering = 'PlainText' }
    if ([System.Console]::OutputEncoding.CodePage -ne 65001 -or $PSVersionTable.PSVersion.Major -lt 6) {
      # Without a console Windows refuses; then the encoding is what the caller of the process made it.
      try { [System.Console]::OutputEncoding = $Utf8 } catch { $null = $_ }
    }
    if ([System.Console]::IsInputRedirected -and [System.IO.File]::Exists($env:AUTOMN_INPUT_FILE)) {
      [System.Console]::SetIn([System.IO.File]::OpenText($env:AUTOMN_INPUT_FILE))
    }
    # For the helpers in other runspaces of this process (ForEach-Object -Parallel, thread jobs) and in pwsh children.
    $modules = [System.IO.Path]::Combine($Prelude, 'modules')
    if (-not "$env:PSModulePath".Contains($modules)) { $env:PSModulePath += [System.IO.Path]::PathSeparator + $modules }
  }

  # Does the script in $File look at its pipeline input? Only then is it given any, since a script with
  # [CmdletBinding()] and no parameter for it answers with an error.
  function TakesInput([string] $File) {
    $text = [System.IO.File]::ReadAllText($File, $Utf8)
    if ($text -notmatch '[$@{]input\b|\bprocess\s*\{|ValueFromPipeline') { return $false }
    $block = [System.Management.Automation.Language.Parser]::ParseInput($text, $File, [ref] $null, [ref] $null).ParamBlock
    if ($null -eq $block) { return $true }
    $marks = @($block.Attributes) + @($block.Parameters | ForEach-Object { $_.Attributes }) | Where-Object { $_.TypeName.Name -match '^(CmdletBinding|Parameter)(Attribute)?$' }
    if (-not $marks) { return $true }
    @($marks | ForEach-Object { $_.NamedArguments } | Where-Object { $_.ArgumentName -eq 'ValueFromPipeline' }).Count -gt 0
  }

  # What to dot-source, and behind it, for a script that looks at it, the input as lines (of which it has one).
  function Launch([string] $File) {
    $script = Runnable $File
    if (-not (TakesInput $File)) { return $script }
    ReadText
    , @($script, @($Run.Json -split "`r?`n" -ne ''))
  }

  # Windows PowerShell reads a file without a byte order mark as ANSI, so a file that is more than
  # ASCII is read here and compiled under its name; such a script has no $MyInvocation.MyCommand.Path, all else holds.
  function Runnable([string] $File) {
    if ($PSVersionTable.PSVersion.Major -ge 6) { return $File }
    $text = [System.IO.File]::ReadAllText($File, $Utf8)
    if ($text -notmatch '[^\x00-\x7f]') { return $File }
    Compiled $File $text
  }

  function Compiled([string] $File, [string] $Text) {
    $wrong = $null
    $ast = [System.Management.Automation.Language.Parser]::ParseInput($Text, $File, [ref] $null, [ref] $wrong)
    if (-not $wrong) { return $ast.GetScriptBlock() }
    foreach ($one in $wrong) { [System.Console]::Error.WriteLine('ParserError: {0}:{1}:{2}: {3}', $File, $one.Extent.StartLineNumber, $one.Extent.StartColumnNumber, $one.Message) }
    { exit 1 }
  }

  Export-ModuleMember -Function AutomnReturn, AutomnLog, AutomnNotify, AutomnRunLog, AutomnGetInternalInput, AutomnGetInternalInputJson, AutomnGetInternalInputError, AutomnHasInternalInputError

  # A session that was started ahead waits here for its script.
  if ($Start -and $env:AUTOMN_SPARE) { $Start[0] = & ([System.IO.Path]::Combine($Prelude, 'automn-warm.ps1')) }
  # The caller's own argument is replaced by what it shall run, which leaves no variable in the author's sight.
  if ($Start) { MakeReady; $Start[0] = Launch $Start[0] } else { $ExecutionContext.SessionState.Module }
}

# ------------------------------------------------------------------------------------------- 2. the author's file
# In the global scope and without a variable of our own, as `pwsh -File` does it. No `try` around it: inside one, errors
# that a script otherwise survives would end it. What it throws is reported by pwsh itself, which then exits with 1.
if ($args.Count -gt 0) {
  if ($args[0] -isnot [array]) {
    . $args[0]
  } else {
    $args[0][1] | . $args[0][0]
  }
  # Without success the script either did not run at all (a parse error, a missing #Requires, a mandatory parameter): 1,
  # or said `exit N`: N, which the session keeps where it keeps a program's exit code. A program's own code leaves the
  # script a success, for pwsh too. ($PSCmdlet.WriteError in the script's own body counts as no success here.)
  if (-not $?) { exit $ExecutionContext.SessionState.PSVariable.GetValue('global:LASTEXITCODE', 1) }
}
