namespace Archon.Live;

/// <summary>What a page does at a person's word, one thing at a time, and the sentence on how it ended.</summary>
public sealed class PageWork
{
    public bool IsBusy { get; private set; }
    public string Notice { get; private set; } = "";
    public bool IsProblem { get; private set; }

    public void Say(string words) => (Notice, IsProblem) = (words, false);

    public void SayProblem(string words) => (Notice, IsProblem) = (words, true);

    /// <summary>Does nothing while the last thing is still being done.</summary>
    public async Task DoAsync(Func<Task> task, CancellationToken lifetime)
    {
        if (IsBusy)
            return;
        IsBusy = true;
        Say("");
        try
        {
            await task();
        }
        catch (OperationCanceledException) when (lifetime.IsCancellationRequested)
        {
            // the tab closed
        }
        catch (Exception exception) when (ReadFailures.Describe(exception) is { } reason)
        {
            SayProblem($"Not done: {reason}");
        }
        finally
        {
            IsBusy = false;
        }
    }
}
