namespace WebHost.Local.DurableTask.Hosting;

/// <summary>How many more activities this process may run now.</summary>
internal sealed class ActivitySlots(int count)
{
    private int _free = count;

    /// <summary>Takes up to <paramref name="wanted"/> slots and answers how many it got.</summary>
    public int Take(int wanted)
    {
        while (true)
        {
            var free = Volatile.Read(ref _free);
            var taken = Math.Clamp(wanted, 0, Math.Max(0, free));
            if (taken == 0 || Interlocked.CompareExchange(ref _free, free - taken, free) == free)
            {
                return taken;
            }
        }
    }

    public void Return(int count) => Interlocked.Add(ref _free, count);
}
