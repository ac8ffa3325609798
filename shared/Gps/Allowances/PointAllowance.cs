namespace WebHost.Gps.Allowances;

/// <summary>
/// How many points a tenant may send for the moment, as one process sees it: filled at its plan's rate up to a minute's
/// worth. A request is taken whole while there is anything left, and may overdraw; whatever comes then is refused until the
/// debt is paid.
/// </summary>
internal sealed class PointAllowance(TimeProvider time)
{
    private readonly Lock _lock = new();
    private double _rate;
    private double _burst;
    private double _balance;
    private double _unshared;
    private long? _asOf;
    private long _lastUse;

    /// <summary>Whether it has not been asked for so long and nothing would be different had it never been.</summary>
    public bool IsRested(TimeSpan idle)
    {
        lock (_lock)
        {
            return _asOf is { } before
                && time.GetElapsedTime(_lastUse) > idle
                && _unshared == 0
                && _balance + (_rate * time.GetElapsedTime(before).TotalSeconds) >= _burst;
        }
    }

    /// <summary>Takes so many points, or answers after what time there will be some.</summary>
    public TimeSpan? Take(int rate, int burst, int points)
    {
        lock (_lock)
        {
            Fill(rate, burst);
            if (_balance <= 0)
            {
                return TimeSpan.FromSeconds((1 - _balance) / _rate);
            }

            _balance -= points;
            _unshared += points;
            return null;
        }
    }

    /// <summary>Gives back what was taken for points that were not taken after all.</summary>
    public void GiveBack(int points)
    {
        lock (_lock)
        {
            _balance += points;
            _unshared -= points;
        }
    }

    /// <summary>What was taken since it was last shared, which is thereby shared.</summary>
    public (double Rate, double Burst, double Spent) BeginSharing()
    {
        lock (_lock)
        {
            var spent = _unshared;
            _unshared = 0;
            return (_rate, _burst, spent);
        }
    }

    /// <summary>What all processes together have left over.</summary>
    public void EndSharing(double balance)
    {
        lock (_lock)
        {
            _balance = balance - _unshared;
            _asOf = time.GetTimestamp();
        }
    }

    /// <summary>It could not be shared; the next attempt shares it.</summary>
    public void FailSharing(double spent)
    {
        lock (_lock)
        {
            _unshared += spent;
        }
    }

    private void Fill(int rate, int burst)
    {
        var now = time.GetTimestamp();
        _lastUse = now;
        _balance = _asOf is { } before
            ? Math.Min(burst, _balance + (rate * time.GetElapsedTime(before, now).TotalSeconds))
            : burst;
        _asOf = now;
        (_rate, _burst) = (rate, burst);
    }
}
