// ConvertFrom-Json and ConvertTo-Json, with PowerShell 7's results for objects, arrays, numbers and dates.
using System.Collections;
using System.Management.Automation;
using System.Text;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace EngineHost;

[Cmdlet("ConvertFrom", "Json")]
public sealed class ConvertFromJson : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true), AllowEmptyString] public string InputObject { get; set; } = "";
    [Parameter] public SwitchParameter AsHashtable { get; set; }
    [Parameter] public SwitchParameter NoEnumerate { get; set; }
    [Parameter] public int Depth { get; set; } = 1024;
    private readonly StringBuilder all = new();

    protected override void ProcessRecord() => all.AppendLine(InputObject);

    protected override void EndProcessing()
    {
        JToken? token;
        try { token = JsonConvert.DeserializeObject<JToken>(all.ToString(), new JsonSerializerSettings { MaxDepth = Depth, DateParseHandling = DateParseHandling.DateTime }); }
        catch (JsonException wrong)
        {
            ThrowTerminatingError(new ErrorRecord(new ArgumentException($"Conversion from JSON failed with error: {wrong.Message}", wrong), "System.ArgumentException", ErrorCategory.NotSpecified, null));
            return;
        }
        WriteObject(Value(token), !NoEnumerate);
    }

    private object? Value(JToken? token) => token switch
    {
        null => null,
        JObject members when AsHashtable => Table(members),
        JObject members => Members(members),
        JArray items => items.Select(Value).ToArray(),
        JValue { Value: var plain } => plain,
        _ => throw new InvalidOperationException($"Cannot convert a {token.Type}"),
    };

    private Hashtable Table(JObject members)
    {
        var table = new Hashtable();
        foreach (var (name, value) in members) table[name] = Value(value);
        return table;
    }

    private PSObject Members(JObject members)
    {
        var made = new PSObject(members.Count);
        foreach (var (name, value) in members)
        {
            if (name.Length == 0) throw new PSInvalidOperationException("The provided JSON includes a property whose name is an empty string, this is only supported using the -AsHashTable switch.");
            if (made.Properties[name] is not null) throw new PSInvalidOperationException($"Cannot convert the JSON string because it contains keys with different casing or a duplicate: '{name}'.");
            made.Properties.Add(new PSNoteProperty(name, Value(value)));
        }
        return made;
    }
}

[Cmdlet("ConvertTo", "Json")]
public sealed class ConvertToJson : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true), AllowNull] public object? InputObject { get; set; }
    [Parameter] public int Depth { get; set; } = 2;
    [Parameter] public SwitchParameter Compress { get; set; }
    [Parameter] public SwitchParameter AsArray { get; set; }
    private readonly List<object?> all = [];

    protected override void ProcessRecord() => all.Add(InputObject);

    protected override void EndProcessing()
    {
        var value = all.Count == 1 && !AsArray ? all[0] : all;
        WriteObject(JsonConvert.SerializeObject(Plain(value, 0), Compress ? Formatting.None : Formatting.Indented));
    }

    private object? Plain(object? value, int depth)
    {
        var bare = value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value;
        if (bare is null or string or DateTime or decimal or Guid || bare.GetType().IsPrimitive) return bare;
        if (depth > Depth) return bare.ToString();
        if (bare is IDictionary table) return table.Cast<DictionaryEntry>().ToDictionary(e => e.Key.ToString()!, e => Plain(e.Value, depth + 1));
        if (bare is IEnumerable items) return items.Cast<object?>().Select(item => Plain(item, depth + 1)).ToArray();
        return PSObject.AsPSObject(value).Properties.ToDictionary(p => p.Name, p => Plain(Read(p), depth + 1));
    }

    private static object? Read(PSPropertyInfo property)
    {
        try { return property.Value; }
        catch (GetValueException) { return null; }
    }
}
