using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;

namespace WebHost.Benchmarks.Ingestion;

/// <summary>
/// A kept-alive connection of a device: writes bytes that were made before and reads as much of the answer as tells its status
/// and its end, since the generator of the load shares its processors with what it loads.
/// </summary>
internal sealed class LoadConnection(int port) : IDisposable
{
    private readonly byte[] _buffer = new byte[16 * 1024];
    private Socket? _socket;

    /// <summary>Sends a request and answers the status.</summary>
    public async Task<int> SendAsync(ReadOnlyMemory<byte> request)
    {
        if (_socket is null)
        {
            _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await _socket.ConnectAsync(IPAddress.Loopback, port);
        }

        while (!request.IsEmpty)
        {
            request = request[await _socket.SendAsync(request)..];
        }

        var length = 0;
        while (true)
        {
            var read = await _socket.ReceiveAsync(_buffer.AsMemory(length));
            if (read == 0)
            {
                throw new IOException("The host closed the connection.");
            }

            length += read;
            if (EndOf(_buffer.AsSpan(0, length)) is { } end && end <= length)
            {
                return Number(_buffer.AsSpan(9, 3));
            }
        }
    }

    public void Dispose() => _socket?.Dispose();

    // Where the answer ends, once its head is there.
    private static int? EndOf(ReadOnlySpan<byte> answer)
    {
        var head = answer.IndexOf("\r\n\r\n"u8);
        if (head < 0)
        {
            return null;
        }

        var bodyAt = head + 4;
        var name = "\r\nContent-Length: "u8;
        var at = answer[..head].IndexOf(name);
        if (at >= 0)
        {
            return bodyAt + Number(answer[(at + name.Length)..]);
        }

        return answer[..head].IndexOf("\r\nTransfer-Encoding: chunked"u8) < 0
            ? bodyAt
            : answer[bodyAt..].IndexOf("0\r\n\r\n"u8) is >= 0 and var last ? bodyAt + last + 5 : null;
    }

    private static int Number(ReadOnlySpan<byte> text) =>
        Utf8Parser.TryParse(text, out int number, out _) ? number : throw new IOException("The answer is not HTTP.");
}
