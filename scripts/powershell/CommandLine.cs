namespace EngineHost;

/// <summary>What pwsh's command line asked for: a file with arguments, or a command.</summary>
internal sealed record CommandLine(string? File, string Command, IReadOnlyList<string> Arguments)
{
    private static readonly string[] Switches = ["nologo", "noprofile", "noninteractive", "mta", "sta", "nop", "noni"];
    private static readonly string[] Valued = ["executionpolicy", "ex", "ep", "inputformat", "outputformat", "workingdirectory", "windowstyle"];

    /// <summary>Reads the arguments; throws ArgumentException for what this host does not know.</summary>
    public static CommandLine Parse(string[] args)
    {
        for (var i = 0; i < args.Length; i++)
        {
            var name = args[i].TrimStart('-', '/').ToLowerInvariant();
            if (!args[i].StartsWith('-')) return FromFile(args[i..]);
            if (Switches.Contains(name)) continue;
            if (Valued.Contains(name)) { i++; continue; }
            switch (name)
            {
                case "version" or "v":
                    return new CommandLine(null, "'PowerShell ' + $PSVersionTable.PSVersion", []);
                case "file" or "f":
                    return FromFile(args[(i + 1)..]);
                case "command" or "c":
                    return new CommandLine(null, string.Join(' ', args[(i + 1)..]), []);
                default:
                    throw new ArgumentException($"Cannot read the argument \"{args[i]}\": this host knows -File, -Command, -Version, {string.Join(", ", Switches.Concat(Valued).Select(n => "-" + n))}");
            }
        }
        throw new ArgumentException("This host has no prompt: give it -File or -Command");
    }

    private static CommandLine FromFile(string[] rest)
    {
        if (rest.Length == 0) throw new ArgumentException("-File wants a file name");
        if (!System.IO.File.Exists(rest[0]))
            throw new ArgumentException($"The argument '{rest[0]}' is not recognized as the name of a script file.");
        return new CommandLine(rest[0], "", rest[1..]);
    }
}
