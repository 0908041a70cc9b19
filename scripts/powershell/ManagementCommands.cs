// The cmdlets of Microsoft.PowerShell.Management that scripts cannot do without; the providers are the engine's own.
using System.Diagnostics;
using System.Management.Automation;

namespace EngineHost;

public abstract class PathCommand : PSCmdlet
{
    [Parameter(Position = 0, ValueFromPipeline = true)] public string[] Path { get; set; } = ["."];
    [Parameter, Alias("PSPath", "LP")] public string[] LiteralPath { get => Path; set { Path = value; Literal = true; } }
    [Parameter] public SwitchParameter Force { get; set; }
    protected bool Literal { get; private set; }
}

[Cmdlet("Test", "Path")]
public sealed class TestPath : PathCommand
{
    protected override void ProcessRecord() { foreach (var path in Path) WriteObject(InvokeProvider.Item.Exists(path, Force, Literal)); }
}

[Cmdlet("Get", "Item")]
public sealed class GetItem : PathCommand
{
    protected override void ProcessRecord() => WriteObject(InvokeProvider.Item.Get(Path, Force, Literal), true);
}

[Cmdlet("Get", "ChildItem")]
public sealed class GetChildItem : PathCommand
{
    [Parameter] public SwitchParameter Recurse { get; set; }
    protected override void ProcessRecord() => WriteObject(InvokeProvider.ChildItem.Get(Path, Recurse, uint.MaxValue, Force, Literal), true);
}

[Cmdlet("Remove", "Item")]
public sealed class RemoveItem : PathCommand
{
    [Parameter] public SwitchParameter Recurse { get; set; }
    protected override void ProcessRecord() => InvokeProvider.Item.Remove(Path, Recurse, Force, Literal);
}

[Cmdlet("Get", "Content")]
public sealed class GetContent : PathCommand
{
    [Parameter] public SwitchParameter Raw { get; set; }
    protected override void ProcessRecord()
    {
        foreach (var path in Path)
        {
            // The provider's own words where there is no such file.
            if (!InvokeProvider.Item.Exists(path, Force, Literal)) { InvokeProvider.Item.Get([path], Force, Literal); continue; }
            var file = GetUnresolvedProviderPathFromPSPath(path);
            if (Raw) WriteObject(File.ReadAllText(file));
            else WriteObject(File.ReadLines(file), true);
        }
    }
}

[Cmdlet("Set", "Content")]
public sealed class SetContent : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true)] public string Path { get; set; } = "";
    [Parameter(Position = 1, Mandatory = true, ValueFromPipeline = true)] public object[] Value { get; set; } = [];
    private readonly List<string> lines = [];
    protected override void ProcessRecord() => lines.AddRange(Value.Select(LanguagePrimitives.ConvertTo<string>));
    protected override void EndProcessing() => File.WriteAllLines(GetUnresolvedProviderPathFromPSPath(Path), lines);
}

[Cmdlet("Get", "Location")]
public sealed class GetLocation : PSCmdlet
{
    protected override void BeginProcessing() => WriteObject(SessionState.Path.CurrentLocation);
}

[Cmdlet("Set", "Location")]
public sealed class SetLocation : PSCmdlet
{
    [Parameter(Position = 0)] public string Path { get; set; } = "~";
    protected override void BeginProcessing() => SessionState.Path.SetLocation(Path);
}

[Cmdlet("Join", "Path")]
public sealed class JoinPath : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true)] public string Path { get; set; } = "";
    [Parameter(Position = 1, Mandatory = true)] public string ChildPath { get; set; } = "";
    protected override void BeginProcessing() => WriteObject(SessionState.Path.Combine(Path, ChildPath));
}

[Cmdlet("Split", "Path")]
public sealed class SplitPath : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true)] public string Path { get; set; } = "";
    [Parameter] public SwitchParameter Leaf { get; set; }
    [Parameter] public SwitchParameter Parent { get; set; }
    protected override void BeginProcessing() => WriteObject(Leaf ? SessionState.Path.ParseChildName(Path) : SessionState.Path.ParseParent(Path, ""));
}

[Cmdlet("Get", "Process")]
public sealed class GetProcess : PSCmdlet
{
    [Parameter] public int[] Id { get; set; } = [];
    protected override void BeginProcessing() => WriteObject(Id.Length == 0 ? Process.GetProcesses() : Id.Select(Process.GetProcessById).ToArray(), true);
}
