namespace WebHost.Local.Run.Story;

/// <summary>The 201 to a new tenant key.</summary>
internal sealed record CreatedKey(string KeyId, string Key);
