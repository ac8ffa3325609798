using System.Text.Json;
using WebHost.Operations;
using WebHost.Tests.Placement;

namespace WebHost.Tests.Operations;

public sealed class OperationStoreTests(ControlFixture fixture) : IClassFixture<ControlFixture>
{
    private readonly OperationStore _operations = new(fixture.Control);

    [Fact]
    public async Task Steps_and_their_parts_are_numbered_each_from_one_in_their_order()
    {
        var steps = (await FindAsync(await AddAsync())).Steps;

        Assert.Equal([(1, "First"), (2, "Whole"), (3, "Last")], steps.Select(step => (step.Number, step.Name)));
        Assert.Null(steps[0].Parts);
        Assert.Equal([(1, "Part"), (2, "Other")], steps[1].Parts!.Select(part => (part.Number, part.Name)));
    }

    [Theory]
    [InlineData(StepState.Pending, StepState.Pending, StepState.Pending)]
    [InlineData(StepState.Running, StepState.Pending, StepState.Running)]
    [InlineData(StepState.Succeeded, StepState.Pending, StepState.Running)]
    [InlineData(StepState.Succeeded, StepState.Waiting, StepState.Waiting)]
    [InlineData(StepState.Succeeded, StepState.Retrying, StepState.Retrying)]
    [InlineData(StepState.Succeeded, StepState.Succeeded, StepState.Succeeded)]
    [InlineData(StepState.Undone, StepState.Failed, StepState.Failed)]
    [InlineData(StepState.Undone, StepState.Pending, StepState.Undone)]
    public async Task Step_with_parts_is_where_its_parts_are(StepState part, StepState other, StepState whole)
    {
        var id = await AddAsync();
        await _operations.EndStepAsync(id, "Part", part, null, default);
        await _operations.EndStepAsync(id, "Other", other, null, default);

        Assert.Equal(whole, (await FindAsync(id)).Steps[1].State);
    }

    [Fact]
    public async Task Step_with_parts_begins_with_the_first_and_ends_with_the_last_and_says_what_came_of_it()
    {
        var id = await AddAsync();
        await _operations.BeginStepAsync(id, "Part", default);
        await _operations.EndStepAsync(id, "Part", StepState.Retrying, "Once more.", default);
        await _operations.BeginStepAsync(id, "Part", default);
        await _operations.EndStepAsync(id, "Part", StepState.Succeeded, "Half.", default);
        var half = (await FindAsync(id)).Steps[1];
        await _operations.BeginStepAsync(id, "Other", default);
        await _operations.EndStepAsync(id, "Other", StepState.Succeeded, "All.", default);
        var whole = (await FindAsync(id)).Steps[1];

        Assert.Equal((2, "Half."), (half.Attempts, half.Detail));
        Assert.NotNull(half.StartedAt);
        Assert.Null(half.FinishedAt);
        Assert.Equal((half.StartedAt, "All."), (whole.StartedAt, whole.Detail));
        Assert.Equal(whole.Parts![1].FinishedAt, whole.FinishedAt);
    }

    [Fact]
    public async Task Figures_are_added_to_those_that_are_there()
    {
        var id = await AddAsync();
        Assert.Null((await FindAsync(id)).Figures);

        await _operations.AddFiguresAsync(id, new { export = new { rows = 1 }, pause = 5 }, default);
        await _operations.AddFiguresAsync(id, new { export = new { rows = 2 } }, default);

        Assert.True(JsonElement.DeepEquals(
            JsonSerializer.SerializeToElement(new { export = new { rows = 2 }, pause = 5 }), (await FindAsync(id)).Figures!.Value));
    }

    [Fact]
    public async Task Progress_is_told_of_a_step_at_work_and_not_over_what_came_of_one_that_has_ended()
    {
        var id = await AddAsync();
        await _operations.TellProgressAsync(id, "Part", "Too early.", default);
        Assert.Null((await FindAsync(id)).Steps[1].Detail);

        await _operations.BeginStepAsync(id, "Part", default);
        await _operations.TellProgressAsync(id, "Part", "50 %.", default);
        Assert.Equal("50 %.", (await FindAsync(id)).Steps[1].Detail);

        await _operations.EndStepAsync(id, "Part", StepState.Succeeded, "All.", default);
        await _operations.TellProgressAsync(id, "Part", "Too late.", default);
        Assert.Equal("All.", (await FindAsync(id)).Steps[1].Detail);
    }

    [Fact]
    public async Task Operations_that_wait_at_a_step_are_listed_longest_first()
    {
        var (first, second, other) = (await AddAsync(), await AddAsync(), await AddAsync());
        foreach (var id in (Guid[])[second, first, other])
        {
            var step = id == other ? "Last" : "Other";
            await _operations.BeginStepAsync(id, step, default);
            await _operations.EndStepAsync(id, step, StepState.Waiting, null, default);
            await _operations.EnterAsync(id, OperationState.Waiting, null, default);
        }

        Assert.Equal([first, second], await _operations.ListWaitingAsync("Other", 10, default));
        Assert.Equal([first], await _operations.ListWaitingAsync("Other", 1, default));
    }

    private async Task<Operation> FindAsync(Guid id) => (await _operations.FindAsync(id, default))!;

    private async Task<Guid> AddAsync()
    {
        var planned = new PlannedOperation(
            Guid.CreateVersion7(),
            "test",
            null,
            "Test",
            new { },
            [
                new PlannedStep("First", "One"),
                new PlannedStep("Whole", "Two", [new PlannedStep("Part", "Half"), new PlannedStep("Other", "Half")]),
                new PlannedStep("Last", "Three"),
            ]);
        await fixture.Control.TransactAsync(async transaction =>
        {
            await OperationStore.AddAsync(transaction, planned, default);
            return true;
        });
        return planned.Id;
    }
}
