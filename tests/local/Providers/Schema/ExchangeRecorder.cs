using System.Collections.Concurrent;

namespace WebHost.Local.Providers.Tests.Schema;

/// <summary>Stands outside everything else in the HTTP client and keeps what succeeded.</summary>
internal sealed class ExchangeRecorder(ConcurrentQueue<Exchange> exchanges) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? null : await request.Content.ReadAsStringAsync(cancellationToken);
        var response = await base.SendAsync(request, cancellationToken);
        exchanges.Enqueue(new Exchange(
            request.Method.Method,
            request.RequestUri!,
            body,
            (int)response.StatusCode,
            await response.Content.ReadAsStringAsync(cancellationToken)));
        return response;
    }
}
