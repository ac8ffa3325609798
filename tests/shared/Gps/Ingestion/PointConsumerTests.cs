using System.Diagnostics;
using Azure.Messaging.ServiceBus;
using Azure.Storage.Blobs;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using WebHost.Data;
using WebHost.Gps.Ingestion;
using WebHost.Placement;
using WebHost.Testing;
using WebHost.Tests.Placement;

namespace WebHost.Tests.Gps.Ingestion;

public sealed class PointConsumerTests(ControlFixture fixture) : IClassFixture<ControlFixture>, IAsyncLifetime
{
    private readonly BlobContainerClient _journal = new(
        Environment.GetEnvironmentVariable("WEBHOST_TEST_BLOBS")
            ?? throw new InvalidOperationException("WEBHOST_TEST_BLOBS is not set. Run ./test.sh, which starts a store and sets it."),
        $"journal-{Guid.NewGuid():n}");

    private QueueFixture _queue = null!;
    private TenantConnections _connections = null!;
    private PointConsumer _consumer = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _queue = await QueueFixture.CreateAsync();
        _connections = new TenantConnections(fixture.Databases);
        _consumer = new PointConsumer(
            new PlacementCache(new PlacementStore(fixture.Control), new MemoryCache(new MemoryCacheOptions())),
            new PointWriter(_connections),
            new PointJournal(_journal, fixture.Control, TimeProvider.System),
            _queue.Queue,
            NullLogger<PointConsumer>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _queue.DisposeAsync();
        await _connections.DisposeAsync();
        await _journal.DeleteIfExistsAsync();
    }

    [Fact]
    public async Task Consume_batches_of_many_tenants_in_one_message_each_has_its_own_points()
    {
        var batches = new List<PointBatch>();
        for (var i = 0; i < 5; i++)
        {
            batches.Add(Batches.Of((await fixture.AddRoutedTenantAsync()).TenantId, Guid.NewGuid(), 100 + i));
        }

        await Task.WhenAll(batches.Select(batch => _queue.Queue.EnqueueAsync([batch])));

        foreach (var batch in batches)
        {
            await ConsumeUntilAsync(batch.TenantId, batch.Points.Count);
        }
    }

    [Fact]
    public async Task Of_points_of_one_device_and_moment_in_one_turn_the_one_received_first_stays_whatever_their_order()
    {
        var tenant = await fixture.AddRoutedTenantAsync();
        var first = Batches.Of(tenant.TenantId, Guid.NewGuid(), 3, extras: """{"was":"first"}""");
        var second = Batches.Of(tenant.TenantId, first.DeviceId, 3, extras: """{"was":"second"}""") with
        {
            ReceivedAt = first.ReceivedAt.AddSeconds(1),
        };
        await _queue.Client.CreateSender(PointQueue.Name).SendMessageAsync(new ServiceBusMessage(
            PointMessage.Join([.. PointMessage.ToSegments(second), .. PointMessage.ToSegments(first)])), Cancellation);

        await ConsumeUntilAsync(tenant.TenantId, 3);

        Assert.Equal(3L, await fixture.AskAsync<long>(
            """SELECT count(*) FROM fleet.points WHERE customer_id = $1 AND extras @> '{"was":"first"}'""", tenant.TenantId));
        Assert.Equal("first", await fixture.AskAsync<string>(
            "SELECT extras ->> 'was' FROM fleet.positions WHERE customer_id = $1", tenant.TenantId));
    }

    [Fact]
    public async Task Consume_batch_that_the_database_refuses_becomes_a_dead_letter_alone()
    {
        var tenant = await fixture.AddRoutedTenantAsync();
        var good = Batches.Of(tenant.TenantId, Guid.NewGuid(), 10);
        var bad = Batches.Of(tenant.TenantId, Guid.NewGuid(), 10, extras: "{no json");
        await _queue.Client.CreateSender(PointQueue.Name).SendMessageAsync(new ServiceBusMessage(
            PointMessage.Join([.. PointMessage.ToSegments(good), .. PointMessage.ToSegments(bad)])), Cancellation);

        await using var deadLetters = new DeadLetters(_queue.Client, TimeProvider.System);
        var letter = await ConsumeUntilDeadAsync(deadLetters);
        await ConsumeUntilAsync(tenant.TenantId, 10);
        Assert.Equal(bad.DeviceId, Assert.Single(letter.Batches).DeviceId);
        Assert.Contains("json", letter.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dead_letter_that_is_replayed_after_a_fix_arrives_and_is_in_the_journal_as_received_then()
    {
        var tenant = await fixture.AddRoutedTenantAsync();
        var batch = Batches.Of(tenant.TenantId, Guid.NewGuid(), 10);
        await fixture.RunAsync(
            $"ALTER TABLE fleet.points ADD CONSTRAINT spoilt CHECK (customer_id <> '{tenant.TenantId}') NOT VALID");
        await using var deadLetters = new DeadLetters(_queue.Client, TimeProvider.System);
        await _queue.Queue.EnqueueAsync([batch, Batches.Of((await fixture.AddRoutedTenantAsync()).TenantId, Guid.NewGuid(), 1)]);
        await ConsumeUntilDeadAsync(deadLetters);
        var replayed = DateTime.UtcNow;
        await fixture.RunAsync("ALTER TABLE fleet.points DROP CONSTRAINT spoilt");

        Assert.Equal(1, await deadLetters.ReplayAsync(10, Cancellation));

        await ConsumeUntilAsync(tenant.TenantId, 10);
        await using var control = await fixture.Control.OpenAsync(Cancellation);
        Assert.Single(await control.Sql(
            "SELECT points FROM journal_entries WHERE tenant_id = $1 AND first_received >= $2", tenant.TenantId, replayed)
            .ListAsync(row => row.GetInt32(0), Cancellation), 10);
    }

    [Fact]
    public async Task Points_of_a_day_whose_partition_is_dropped_just_then_are_no_dead_letter_and_arrive()
    {
        var tenant = await fixture.AddRoutedTenantAsync();
        await fixture.RunAsync(
            """
            CREATE SEQUENCE fleet.tries;
            GRANT USAGE ON SEQUENCE fleet.tries TO PUBLIC;
            CREATE FUNCTION fleet.miss_once() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF nextval('fleet.tries') = 1 THEN
                    RAISE 'no partition of relation "points" found for row' USING ERRCODE = 'check_violation';
                END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER miss_once AFTER INSERT ON fleet.points FOR EACH STATEMENT EXECUTE FUNCTION fleet.miss_once();
            """);
        try
        {
            await _queue.Queue.EnqueueAsync([Batches.Of(tenant.TenantId, Guid.NewGuid(), 10)]);

            await ConsumeUntilAsync(tenant.TenantId, 10);

            await using var deadLetters = new DeadLetters(_queue.Client, TimeProvider.System);
            Assert.Empty(await deadLetters.ListAsync(0, 10, Cancellation));
        }
        finally
        {
            await fixture.RunAsync(
                "DROP TRIGGER miss_once ON fleet.points; DROP FUNCTION fleet.miss_once; DROP SEQUENCE fleet.tries");
        }
    }

    [Fact]
    public async Task Consume_what_is_no_message_becomes_a_dead_letter_and_holds_up_nothing()
    {
        var tenant = await fixture.AddRoutedTenantAsync();
        var good = Batches.Of(tenant.TenantId, Guid.NewGuid(), 10);
        await _queue.Client.CreateSender(PointQueue.Name).SendMessageAsync(new ServiceBusMessage("hello"), Cancellation);
        await _queue.Queue.EnqueueAsync([good]);

        await using var deadLetters = new DeadLetters(_queue.Client, TimeProvider.System);
        await ConsumeUntilDeadAsync(deadLetters);
        await ConsumeUntilAsync(tenant.TenantId, 10);
    }

    [Fact]
    public async Task Database_that_accepts_connections_and_answers_nothing_holds_up_nobody_and_gets_its_points_when_it_is_back()
    {
        const int turns = 40;
        var server = new NpgsqlConnectionStringBuilder(TestDatabase.ServerConnectionString);
        await using var gate = new SilentGate(server.Host!, server.Port);
        var well = await fixture.AddRoutedTenantAsync();
        var other = await fixture.AddRoutedTenantAsync();
        var mute = await MoveBehindAsync(gate);

        var besideAnother = await TakeTurnsAsync(other, well, turns);
        var besideMute = await TakeTurnsAsync(mute, well, turns);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{turns} turns took {besideAnother.TotalSeconds:0.0} s, beside a mute database {besideMute.TotalSeconds:0.0} s");

        // The first turn may wait until the database is known to be slow; did they all, it would be two minutes more.
        Assert.InRange(besideMute, TimeSpan.Zero, (3 * besideAnother) + TimeSpan.FromSeconds(20));
        Assert.Equal(0, await CountAsync(mute.TenantId));
        gate.Open();
        await ConsumeUntilAsync(mute.TenantId, turns * 5);
    }

    /// <summary>How long it takes until one tenant's points are there, while another's are on their way too.</summary>
    private async Task<TimeSpan> TakeTurnsAsync(TenantPlacement beside, TenantPlacement measured, int turns)
    {
        var before = (int)await CountAsync(measured.TenantId);
        var clock = Stopwatch.StartNew();
        for (var turn = 0; turn < turns; turn++)
        {
            await _queue.Queue.EnqueueAsync([Batches.Of(beside.TenantId, Guid.NewGuid(), 5)]);
            await _queue.Queue.EnqueueAsync([Batches.Of(measured.TenantId, Guid.NewGuid(), 5)]);
            await ConsumeOnceAsync();
        }

        await ConsumeUntilAsync(measured.TenantId, before + (turns * 5));
        return clock.Elapsed;
    }

    private Task ConsumeUntilAsync(Guid tenantId, int points) => Eventually.IsTrueAsync(
        async () =>
        {
            await ConsumeOnceAsync();
            return await CountAsync(tenantId) == points;
        },
        TimeSpan.FromSeconds(120));

    // The tenant's database is the same, but the way to it leads through the gate.
    private async Task<TenantPlacement> MoveBehindAsync(SilentGate gate)
    {
        var tenant = await fixture.AddRoutedTenantAsync();
        var behind = await fixture.AddAliasAsync(gate.Port);
        await new PlacementStore(fixture.Control).UseDatabaseAsync(tenant.TenantId, tenant.Epoch, behind.Id, Cancellation);
        return tenant with { DatabaseId = behind.Id };
    }

    private async Task<DeadLetter> ConsumeUntilDeadAsync(DeadLetters deadLetters) => await Eventually.GetAsync(async () =>
    {
        await ConsumeOnceAsync();
        return (await deadLetters.ListAsync(0, 10, Cancellation)).SingleOrDefault();
    });

    /// <summary>As the function does it.</summary>
    private async Task<int> ConsumeOnceAsync()
    {
        var messages = await _queue.Receiver.ReceiveMessagesAsync(32, TimeSpan.FromMilliseconds(200), Cancellation);
        var poison = (await _consumer.ConsumeAsync(messages, Cancellation)).ToDictionary(found => found.Message, found => found.Reason);
        foreach (var message in messages)
        {
            await (poison.TryGetValue(message, out var reason)
                ? _queue.Receiver.DeadLetterMessageAsync(message, "unwritable", reason, Cancellation)
                : _queue.Receiver.CompleteMessageAsync(message, Cancellation));
        }

        return messages.Count;
    }

    private Task<long> CountAsync(Guid tenantId) => fixture.AskAsync<long>(
        "SELECT count(*) FROM fleet.points WHERE customer_id = $1", tenantId);
}
