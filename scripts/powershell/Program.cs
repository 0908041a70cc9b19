// A console host for PowerShell's engine that takes the part of pwsh's command line which a runner uses.
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Reflection;
using EngineHost;

const int BadArguments = 64;

CommandLine line;
try { line = CommandLine.Parse(args); }
catch (ArgumentException wrong)
{
    Console.Error.WriteLine(wrong.Message);
    return BadArguments;
}

var host = new ConsoleHost();
var state = InitialSessionState.CreateDefault2();
state.LanguageMode = PSLanguageMode.FullLanguage;
using var runspace = RunspaceFactory.CreateRunspace(host, state);
runspace.Open();
Runspace.DefaultRunspace = runspace;

using var pipeline = runspace.CreatePipeline();
if (line.File is { } file)
{
    // Like pwsh: the file runs in the global scope, and its `exit` is the program's.
    var script = new Command(Path.GetFullPath(file), isScript: false, useLocalScope: false);
    foreach (var argument in line.Arguments) script.Parameters.Add(null, argument);
    pipeline.Commands.Add(script);
    LetExitThrough(runspace);
}
else
{
    pipeline.Commands.AddScript(line.Command, useLocalScope: false);
}
var print = new Command("Out-Default") { MergeUnclaimedPreviousCommandResults = PipelineResultTypes.Error | PipelineResultTypes.Output };
pipeline.Commands.Add(print);

using var finished = new ManualResetEventSlim();
pipeline.StateChanged += (_, change) =>
{
    if (change.PipelineStateInfo.State is PipelineState.Completed or PipelineState.Failed or PipelineState.Stopped) finished.Set();
};
pipeline.InvokeAsync();
try
{
    if (Console.IsInputRedirected)
        while (Console.In.ReadLine() is { } text) pipeline.Input.Write(text);
    pipeline.Input.Close();
}
catch (PipelineClosedException) { /* a command that could not start takes no input */ }
finished.Wait();
SpinWait.SpinUntil(() => runspace.RunspaceAvailability == RunspaceAvailability.Available, TimeSpan.FromSeconds(5));

if (host.ExitCode is { } code) return code;
if (pipeline.PipelineStateInfo.Reason is not { } reason)
    return line.File is null && pipeline.HadErrors ? 1 : 0;
Report(runspace, reason);
return 1;

// What a script ended with goes the way of any other error: through the formatter to standard error.
static void Report(Runspace runspace, Exception reason)
{
    var record = (reason as IContainsErrorRecord)?.ErrorRecord ?? new ErrorRecord(reason, "Host", ErrorCategory.NotSpecified, null);
    var shown = new PSObject(record);
    SetHidden(shown, "WriteStream", Enum.Parse(HiddenType(shown, "WriteStream"), "Error"));
    using var pipeline = runspace.CreatePipeline();
    pipeline.Commands.Add("Out-Default");
    pipeline.Invoke(new[] { shown });
}

static void LetExitThrough(Runspace runspace) =>
    SetHidden(GetHidden(runspace, "ExecutionContext"), "ScriptCommandProcessorShouldRethrowExit", true);

// The engine keeps these to itself; pwsh, its friend assembly, sets them in the same way.
static PropertyInfo Hidden(object target, string name)
{
    for (var type = target.GetType(); type is not null; type = type.BaseType)
        if (type.GetProperty(name, BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.DeclaredOnly) is { } found) return found;
    throw new InvalidOperationException($"Cannot find {name} in {target.GetType()}: this engine is not the one that this host was written for");
}

static Type HiddenType(object target, string name) => Hidden(target, name).PropertyType;
static object GetHidden(object target, string name) => Hidden(target, name).GetValue(target)!;
static void SetHidden(object target, string name, object value) => Hidden(target, name).SetValue(target, value);
