namespace Azure.Messaging.ServiceBus;

/// <summary>What the holder of a lock does with a message that it keeps in the database. The numbers are in the SQL.</summary>
internal enum LockChange : short
{
    Abandon = 0,
    Defer = 1,
    DeadLetter = 2,
    Renew = 3,
}
