using System.Collections.ObjectModel;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Management.Automation.Internal;
using System.Security;

namespace EngineHost;

/// <summary>What the engine asks of the program around it. Standard streams only, no terminal.</summary>
internal sealed class ConsoleHost : PSHost
{
    public int? ExitCode { get; private set; }
    public override CultureInfo CurrentCulture => CultureInfo.CurrentCulture;
    public override CultureInfo CurrentUICulture => CultureInfo.CurrentUICulture;
    public override Guid InstanceId { get; } = Guid.NewGuid();
    public override string Name => "EngineHost";
    public override PSHostUserInterface UI { get; } = new ConsoleUi();
    public override Version Version { get; } = new(1, 0);
    public override void EnterNestedPrompt() => throw new NotImplementedException();
    public override void ExitNestedPrompt() => throw new NotImplementedException();
    public override void NotifyBeginApplication() { }
    public override void NotifyEndApplication() { }
    public override void SetShouldExit(int exitCode) => ExitCode = exitCode;
}

/// <summary>Errors go to standard error, everything else to standard output, as pwsh does when neither is a terminal.</summary>
internal sealed class ConsoleUi : PSHostUserInterface
{
    public override PSHostRawUserInterface RawUI { get; } = new ConsoleSize();
    public override void Write(string value) => Console.Out.Write(Plain(value));
    public override void Write(ConsoleColor foreground, ConsoleColor background, string value) => Write(value);
    public override void WriteLine(string value) => Console.Out.WriteLine(Plain(value));
    public override void WriteErrorLine(string value) => Console.Error.WriteLine(Plain(value));
    public override void WriteDebugLine(string message) => WriteLine("DEBUG: " + message);
    public override void WriteVerboseLine(string message) => WriteLine("VERBOSE: " + message);
    public override void WriteWarningLine(string message) => WriteLine("WARNING: " + message);
    public override void WriteProgress(long sourceId, ProgressRecord record) { }
    public override string ReadLine() => throw NonInteractive();
    public override SecureString ReadLineAsSecureString() => throw NonInteractive();
    public override Dictionary<string, PSObject> Prompt(string caption, string message, Collection<FieldDescription> descriptions) => throw NonInteractive();
    public override int PromptForChoice(string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice) => throw NonInteractive();
    public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName) => throw NonInteractive();
    public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName, PSCredentialTypes allowed, PSCredentialUIOptions options) => throw NonInteractive();

    // The formatter colours its text and leaves it to the host to take the colours out.
    private static string Plain(string? value) => value is null || !value.Contains('\x1b') ? value ?? "" : new StringDecorated(value).ToString(OutputRendering.PlainText);

    private static PSInvalidOperationException NonInteractive() => new("PowerShell is in NonInteractive mode. Read and Prompt functionality is not available.");
}

/// <summary>The width that lines are wrapped at; the rest of a terminal is not there.</summary>
internal sealed class ConsoleSize : PSHostRawUserInterface
{
    public override ConsoleColor BackgroundColor { get; set; } = ConsoleColor.Black;
    public override ConsoleColor ForegroundColor { get; set; } = ConsoleColor.White;
    public override Size BufferSize { get; set; } = new(120, 9999);
    public override Size WindowSize { get; set; } = new(120, 50);
    public override Coordinates CursorPosition { get; set; }
    public override Coordinates WindowPosition { get; set; }
    public override int CursorSize { get; set; } = 1;
    public override bool KeyAvailable => false;
    public override Size MaxPhysicalWindowSize => WindowSize;
    public override Size MaxWindowSize => WindowSize;
    public override string WindowTitle { get; set; } = "";
    public override void FlushInputBuffer() { }
    public override BufferCell[,] GetBufferContents(Rectangle rectangle) => throw new NotImplementedException();
    public override KeyInfo ReadKey(ReadKeyOptions options) => throw new NotImplementedException();
    public override void ScrollBufferContents(Rectangle source, Coordinates destination, Rectangle clip, BufferCell fill) => throw new NotImplementedException();
    public override void SetBufferContents(Coordinates origin, BufferCell[,] contents) => throw new NotImplementedException();
    public override void SetBufferContents(Rectangle rectangle, BufferCell fill) => throw new NotImplementedException();
}
