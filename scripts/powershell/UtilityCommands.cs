// The cmdlets of Microsoft.PowerShell.Utility that scripts cannot do without, with the parameters they use most.
using System.Collections;
using System.Management.Automation;

namespace EngineHost;

[Cmdlet("Write", "Output")]
public sealed class WriteOutput : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true, ValueFromRemainingArguments = true), AllowNull, AllowEmptyCollection]
    public PSObject? InputObject { get; set; }
    [Parameter] public SwitchParameter NoEnumerate { get; set; }
    protected override void ProcessRecord() => WriteObject(InputObject, !NoEnumerate);
}

[Cmdlet("Write", "Host")]
public sealed class WriteHost : PSCmdlet
{
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromRemainingArguments = true)] public object? Object { get; set; }
    [Parameter] public SwitchParameter NoNewline { get; set; }
    [Parameter] public object Separator { get; set; } = " ";
    [Parameter] public ConsoleColor ForegroundColor { get; set; } = ConsoleColor.White;
    [Parameter] public ConsoleColor BackgroundColor { get; set; } = ConsoleColor.Black;

    protected override void ProcessRecord()
    {
        var message = new HostInformationMessage { Message = Text(Object), NoNewLine = NoNewline, ForegroundColor = ForegroundColor, BackgroundColor = BackgroundColor };
        WriteInformation(message, ["PSHOST"]);
    }

    private string Text(object? value) => (value is PSObject wrapped ? wrapped.BaseObject : value) switch
    {
        null => "",
        string text => text,
        IEnumerable items => string.Join(LanguagePrimitives.ConvertTo<string>(Separator), items.Cast<object?>().Select(Text)),
        var other => LanguagePrimitives.ConvertTo<string>(other),
    };
}

[Cmdlet("Write", "Error", DefaultParameterSetName = "message")]
public sealed class WriteErrorCommand : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true, ParameterSetName = "message"), AllowEmptyString] public string Message { get; set; } = "";
    [Parameter(Mandatory = true, ParameterSetName = "record")] public ErrorRecord? ErrorRecord { get; set; }
    [Parameter(Mandatory = true, ParameterSetName = "exception")] public Exception? Exception { get; set; }
    [Parameter] public ErrorCategory Category { get; set; }
    [Parameter] public string ErrorId { get; set; } = "";
    [Parameter] public object? TargetObject { get; set; }

    protected override void ProcessRecord()
    {
        var record = ErrorRecord ?? new ErrorRecord(Exception ?? new WriteErrorException(Message), ErrorId, Category, TargetObject);
        if (Exception is null && ErrorRecord is null) record.ErrorDetails = new ErrorDetails(Message);
        // The position that is shown is the caller's line, as with the real one.
        if (GetVariableValue("MyInvocation") is InvocationInfo caller)
            typeof(ErrorRecord).GetMethod("SetInvocationInfo", System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)?.Invoke(record, [caller]);
        WriteError(record);
    }
}

public abstract class MessageCommand : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true), AllowEmptyString, Alias("Msg")] public string Message { get; set; } = "";
}

[Cmdlet("Write", "Warning")] public sealed class WriteWarningMessage : MessageCommand { protected override void ProcessRecord() => WriteWarning(Message); }
[Cmdlet("Write", "Verbose")] public sealed class WriteVerboseMessage : MessageCommand { protected override void ProcessRecord() => WriteVerbose(Message); }
[Cmdlet("Write", "Debug")] public sealed class WriteDebugMessage : MessageCommand { protected override void ProcessRecord() => WriteDebug(Message); }

[Cmdlet("Write", "Information")]
public sealed class WriteInformationMessage : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true)] public object MessageData { get; set; } = "";
    protected override void ProcessRecord() => WriteInformation(MessageData, []);
}

[Cmdlet("Write", "Progress")]
public sealed class WriteProgressRecord : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true)] public string Activity { get; set; } = "";
    [Parameter(Position = 1)] public string Status { get; set; } = "Processing";
    [Parameter] public int PercentComplete { get; set; } = -1;
    [Parameter] public SwitchParameter Completed { get; set; }
    protected override void ProcessRecord() => WriteProgress(new ProgressRecord(0, Activity, Status) { PercentComplete = PercentComplete });
}

[Cmdlet("New", "Object")]
public sealed class NewObject : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true)] public string TypeName { get; set; } = "";
    [Parameter(Position = 1)] public object[] ArgumentList { get; set; } = [];
    [Parameter] public IDictionary? Property { get; set; }

    protected override void BeginProcessing()
    {
        var plain = TypeName.ToLowerInvariant() is "psobject" or "pscustomobject";
        var made = plain ? new PSObject() : PSObject.AsPSObject(Activator.CreateInstance(LanguagePrimitives.ConvertTo<Type>(TypeName), ArgumentList)!);
        foreach (DictionaryEntry entry in Property ?? new Hashtable())
        {
            if (plain) made.Properties.Add(new PSNoteProperty((string)entry.Key, entry.Value));
            else made.Properties[(string)entry.Key].Value = entry.Value;
        }
        WriteObject(made);
    }
}

[Cmdlet("Get", "Date")]
public sealed class GetDate : PSCmdlet
{
    [Parameter(Position = 0)] public DateTime Date { get; set; } = DateTime.Now;
    [Parameter] public string? Format { get; set; }
    protected override void BeginProcessing() => WriteObject(Format is null ? Date : Date.ToString(Format));
}

[Cmdlet("Start", "Sleep", DefaultParameterSetName = "seconds")]
public sealed class StartSleep : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "seconds")] public double Seconds { get; set; }
    [Parameter(Mandatory = true, ParameterSetName = "milliseconds"), Alias("ms")] public int Milliseconds { get; set; }
    protected override void BeginProcessing() => Thread.Sleep(ParameterSetName == "seconds" ? TimeSpan.FromSeconds(Seconds) : TimeSpan.FromMilliseconds(Milliseconds));
}

[Cmdlet("Select", "Object")]
public sealed class SelectObject : PSCmdlet
{
    [Parameter(ValueFromPipeline = true)] public PSObject? InputObject { get; set; }
    [Parameter(Position = 0)] public string[]? Property { get; set; }
    [Parameter] public string? ExpandProperty { get; set; }
    [Parameter] public int First { get; set; } = int.MaxValue;
    private int seen;

    protected override void ProcessRecord()
    {
        if (InputObject is null || seen++ >= First) return;
        if (ExpandProperty is not null) { WriteObject(InputObject.Properties[ExpandProperty]?.Value, true); return; }
        if (Property is null) { WriteObject(InputObject); return; }
        var chosen = new PSObject();
        foreach (var name in Property) chosen.Properties.Add(new PSNoteProperty(name, InputObject.Properties[name]?.Value));
        WriteObject(chosen);
    }
}

[Cmdlet("Get", "Variable")]
public sealed class GetVariable : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true)] public string Name { get; set; } = "";
    [Parameter] public SwitchParameter ValueOnly { get; set; }
    protected override void BeginProcessing()
    {
        if (SessionState.PSVariable.Get(Name) is not { } found) { WriteError(new ErrorRecord(new ItemNotFoundException($"Cannot find a variable with the name '{Name}'."), "VariableNotFound", ErrorCategory.ObjectNotFound, Name)); return; }
        WriteObject(ValueOnly ? found.Value : found);
    }
}

[Cmdlet("Set", "Variable")]
public sealed class SetVariable : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true)] public string Name { get; set; } = "";
    [Parameter(Position = 1)] public object? Value { get; set; }
    protected override void BeginProcessing() => SessionState.PSVariable.Set(Name, Value);
}

public sealed class WriteErrorException(string message) : SystemException(message);

[Cmdlet("Out", "String")]
public sealed class OutString : PSCmdlet
{
    [Parameter(ValueFromPipeline = true)] public PSObject? InputObject { get; set; }
    [Parameter] public SwitchParameter Stream { get; set; }
    private readonly List<string> lines = [];

    protected override void ProcessRecord()
    {
        var text = InputObject?.ToString() ?? "";
        if (Stream) WriteObject(text.Split(Environment.NewLine), true);
        else lines.Add(text + Environment.NewLine);
    }

    protected override void EndProcessing() { if (!Stream) WriteObject(string.Concat(lines)); }
}

[Cmdlet("Sort", "Object")]
public sealed class SortObject : PSCmdlet
{
    [Parameter(ValueFromPipeline = true)] public PSObject? InputObject { get; set; }
    [Parameter(Position = 0)] public string? Property { get; set; }
    [Parameter] public SwitchParameter Descending { get; set; }
    private readonly List<PSObject?> all = [];

    protected override void ProcessRecord() => all.Add(InputObject);

    protected override void EndProcessing()
    {
        var order = Comparer<object?>.Create((a, b) => LanguagePrimitives.Compare(a, b, ignoreCase: true));
        object? Key(PSObject? item) => Property is null ? item : item?.Properties[Property]?.Value;
        WriteObject(Descending ? all.OrderByDescending(Key, order) : all.OrderBy(Key, order), true);
    }
}

[Cmdlet("Measure", "Object")]
public sealed class MeasureObject : PSCmdlet
{
    [Parameter(ValueFromPipeline = true)] public PSObject? InputObject { get; set; }
    [Parameter(Position = 0)] public string? Property { get; set; }
    [Parameter] public SwitchParameter Sum { get; set; }
    private int count;
    private double sum;

    protected override void ProcessRecord()
    {
        count++;
        if (Sum) sum += LanguagePrimitives.ConvertTo<double>(Property is null ? InputObject : InputObject?.Properties[Property]?.Value);
    }

    protected override void EndProcessing()
    {
        var measured = new PSObject();
        measured.Properties.Add(new PSNoteProperty("Count", count));
        measured.Properties.Add(new PSNoteProperty("Sum", Sum ? sum : null));
        measured.Properties.Add(new PSNoteProperty("Property", Property));
        WriteObject(measured);
    }
}
