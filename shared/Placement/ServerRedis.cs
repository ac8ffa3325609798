namespace WebHost.Placement;

/// <summary>The Redis of a shared server. Its administrator's password is in the secret store.</summary>
/// <param name="Host">DNS name or address.</param>
/// <param name="Port">TCP port.</param>
/// <param name="User">The user that administers it.</param>
/// <param name="CertificateSha256">
/// SHA-256 of the certificate that it shows, in hexadecimal digits: no other one is accepted. Absent when it speaks no TLS.
/// </param>
public sealed record ServerRedis(string Host, int Port, string User, string? CertificateSha256);
