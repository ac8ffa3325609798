using Azure.Messaging.ServiceBus;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using WebHost.Testing;

namespace WebHost.Local.Functions.Tests;

public sealed class QueueTests : IAsyncLifetime
{
    private TestDatabase? _database;
    private ServiceBusClient? _client;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string ConnectionString =>
        new NpgsqlConnectionStringBuilder(_database!.ConnectionString) { MaxPoolSize = 20 }.ConnectionString;

    private ServiceBusClient Client => _client ??= new ServiceBusClient(ConnectionString);

    public async ValueTask InitializeAsync() => _database = await TestDatabase.CreateAsync("queues");

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await _database!.DisposeAsync();
    }

    [Fact]
    public async Task A_message_is_handled_once_and_gone()
    {
        await using var application = await StartAsync();

        await SendAsync("single", "hello");

        await Eventually.IsTrueAsync(() => IsEmptyAsync("single"));
        Assert.Equal(["hello 1"], application.Recorder.Events);
    }

    [Fact]
    public async Task A_message_that_always_fails_becomes_a_dead_letter_and_does_not_hold_up_others()
    {
        await using var application = await StartAsync();

        await SendAsync("single", "poison", "hello");

        await Eventually.IsTrueAsync(() => IsEmptyAsync("single"));
        var dead = await Client.CreateReceiver("single", new ServiceBusReceiverOptions { SubQueue = SubQueue.DeadLetter })
            .ReceiveMessageAsync(TimeSpan.FromSeconds(5), Cancel);
        Assert.Equal("MaxDeliveryCountExceeded", dead?.DeadLetterReason);
        Assert.Equal(
            [.. Enumerable.Range(1, 10).Select(i => $"poison {i}")],
            application.Recorder.Events.Where(entry => entry.StartsWith("poison", StringComparison.Ordinal)));
        Assert.Equal(1, application.Recorder.Count("hello 1"));
        Assert.Equal(
            10,
            application.Recorder.Logs.Count(log => log.StartsWith("Error: Function 'Single' failed", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_batch_has_what_is_there_and_comes_again_whole_when_it_fails()
    {
        await SendAsync("Batched", [.. Enumerable.Range(0, 25).Select(i => $"{i}"), "fails once"]);

        await using var application = await StartAsync();

        await Eventually.IsTrueAsync(() => IsEmptyAsync("batched"));
        Assert.Equal(["batch of 26", "batch of 26"], application.Recorder.Events);
    }

    [Fact]
    public async Task A_batch_is_no_larger_than_host_json_permits()
    {
        await SendAsync("batched", [.. Enumerable.Range(0, 25).Select(i => $"{i}")]);

        await using var application = await StartAsync(
            hostJson: """{ "extensions": { "serviceBus": { "maxMessageBatchSize": 10, "prefetchCount": 100 } } }""");

        await Eventually.IsTrueAsync(() => IsEmptyAsync("batched"));
        Assert.Equal(["batch of 10", "batch of 10", "batch of 5"], application.Recorder.Events);
    }

    [Fact]
    public async Task A_short_batch_waits_for_more_as_long_as_host_json_says_and_no_longer()
    {
        await SendAsync("batched", "first");
        await using var application = await StartAsync(
            hostJson: """{ "extensions": { "serviceBus": { "minMessageBatchSize": 3, "maxBatchWaitTime": "00:00:04" } } }""");

        await SendAsync("batched", "second");
        await SendAsync("batched", "third");
        await Eventually.IsTrueAsync(() => IsEmptyAsync("batched"));
        await SendAsync("batched", "alone");
        await Eventually.IsTrueAsync(() => IsEmptyAsync("batched"));

        Assert.Equal(["batch of 3", "batch of 1"], application.Recorder.Events);
    }

    [Fact]
    public async Task A_function_that_settles_its_messages_itself_decides_each()
    {
        await using var application = await StartAsync();

        await SendAsync("manual", "complete", "abandon", "dead", "defer");

        await Eventually.IsTrueAsync(() => Task.FromResult(application.Recorder.Events.Count == 5));
        var rest = await Client.CreateReceiver("manual").PeekMessagesAsync(10, cancellationToken: Cancel);
        var dead = await Client.CreateReceiver("manual", new ServiceBusReceiverOptions { SubQueue = SubQueue.DeadLetter })
            .ReceiveMessageAsync(TimeSpan.FromSeconds(5), Cancel);
        Assert.Equal(1, application.Recorder.Count("abandon 2 True"));
        Assert.Equal([("defer", ServiceBusMessageState.Deferred)], rest.Select(message => (message.Body.ToString(), message.State)));
        Assert.Equal("unwanted", dead?.DeadLetterReason);
    }

    [Fact]
    public async Task A_lock_is_renewed_while_a_function_works_on_a_single_message()
    {
        await using var application = await StartAsync(lockDuration: TimeSpan.FromSeconds(1));
        await SendAsync("single", "long");
        await Eventually.IsTrueAsync(() => Task.FromResult(application.Recorder.Count("long 1") == 1));
        var receiver = Client.CreateReceiver("single");

        Assert.Null(await receiver.ReceiveMessageAsync(TimeSpan.FromSeconds(2.5), Cancel));
        application.Recorder.Gate.SetResult();

        await Eventually.IsTrueAsync(() => IsEmptyAsync("single"));
        Assert.Equal(["long 1", "long done"], application.Recorder.Events);
    }

    [Fact]
    public async Task A_stopping_host_finishes_and_settles_what_it_works_on()
    {
        await using var application = await StartAsync();
        await SendAsync("single", "long");
        await Eventually.IsTrueAsync(() => Task.FromResult(application.Recorder.Count("long 1") == 1));

        var stopping = application.StopAsync();
        application.Recorder.Gate.SetResult();
        await stopping;
        await SendAsync("single", "too late");

        var rest = await Client.CreateReceiver("single").PeekMessagesAsync(10, cancellationToken: Cancel);
        Assert.Equal(["long 1", "long done"], application.Recorder.Events);
        Assert.Equal(["too late"], rest.Select(message => message.Body.ToString()));
    }

    private Task<TestApplication> StartAsync(string? hostJson = null, TimeSpan? lockDuration = null) =>
        TestApplication.StartAsync(
            [typeof(QueueTestFunctions)],
            new() { ["TestQueues"] = ConnectionString, ["BatchQueue"] = "batched" },
            builder =>
            {
                builder.ConfigureFunctionsWebApplication();
                builder.Services.AddSingleton(QueueRules.Default with { LockDuration = lockDuration ?? TimeSpan.FromSeconds(30) });
            },
            hostJson);

    private Task SendAsync(string queue, params string[] bodies) =>
        Client.CreateSender(queue).SendMessagesAsync(bodies.Select(body => new ServiceBusMessage(body)), Cancel);

    private async Task<bool> IsEmptyAsync(string queue) =>
        (await Client.CreateReceiver(queue).PeekMessagesAsync(1, cancellationToken: Cancel)).Count == 0;
}
