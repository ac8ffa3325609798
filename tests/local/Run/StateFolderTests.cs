using WebHost.Local.Run.Launch;

namespace WebHost.Local.Run.Tests;

public sealed class StateFolderTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("webhost-state");

    [Fact]
    public void Secret_is_made_once_and_readable_by_its_owner_alone()
    {
        Directory.CreateDirectory(Path.Combine(_directory.FullName, "secrets"));
        var made = new StateFolder(_directory.FullName).Secret("operator-key", Convert.ToBase64String);
        Assert.Equal(32, Convert.FromBase64String(made).Length);
        Assert.Equal(made, new StateFolder(_directory.FullName).Secret("operator-key", _ => "another"));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite,
            new FileInfo(Path.Combine(_directory.FullName, "secrets", "operator-key")).UnixFileMode);
    }

    [Fact]
    public void Port_is_remembered()
    {
        var port = new StateFolder(_directory.FullName).Port("simulators");
        Assert.Equal(port, new StateFolder(_directory.FullName).Port("simulators"));
    }

    [Fact]
    public async Task OnceAsync_after_a_failure_tries_again_and_after_a_success_does_not()
    {
        var state = new StateFolder(_directory.FullName);
        var calls = 0;
        await Assert.ThrowsAsync<InvalidOperationException>(() => state.OnceAsync("mark", () =>
        {
            calls++;
            throw new InvalidOperationException();
        }));
        for (var i = 0; i < 2; i++)
        {
            await state.OnceAsync("mark", () =>
            {
                calls++;
                return Task.CompletedTask;
            });
        }

        Assert.Equal(2, calls);
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
