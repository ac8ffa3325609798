namespace WebHost.Local.Providers.Http;

/// <summary>Which of a vendor's operations an endpoint serves, by the name that our clients give it.</summary>
internal sealed record Operation(Vendor Vendor, string Name);
