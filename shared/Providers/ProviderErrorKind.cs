namespace WebHost.Providers;

/// <summary>What a failed provider call means for whoever made it.</summary>
public enum ProviderErrorKind
{
    /// <summary>May succeed later unchanged: a broken connection, a timeout, a fault on the provider's side.</summary>
    Transient,

    /// <summary>Too many calls; may succeed after <see cref="ProviderException.RetryAfter"/>.</summary>
    RateLimited,

    /// <summary>Something else holds the name, the lease or the state that the call needs.</summary>
    Conflict,

    /// <summary>The provider has no room for it there now; another region or another size may have.</summary>
    Capacity,

    /// <summary>The credentials are wrong or their rights do not suffice. Repeating makes it worse.</summary>
    Auth,

    /// <summary>The resource that the call names does not exist.</summary>
    NotFound,

    /// <summary>The call is refused and will be refused again.</summary>
    Permanent,
}
