using System.Text;
using CsCheck;

namespace WebHost.Tests;

/// <summary>Requests that were valid once: bytes changed, removed, put in, doubled or cut off.</summary>
internal static class Mutations
{
    public static Gen<byte[]> Of(string valid)
    {
        var original = Encoding.UTF8.GetBytes(valid);
        var edit = Gen.Select(Gen.Int[0, 4], Gen.Int[0, Math.Max(0, original.Length - 1)], Gen.Byte);
        return edit.Array[1, 6].Select(edits =>
        {
            var bytes = new List<byte>(original);
            foreach (var (kind, position, value) in edits)
            {
                var at = bytes.Count == 0 ? 0 : position % bytes.Count;
                switch (kind)
                {
                    case 0 when bytes.Count > 0:
                        bytes[at] = value;
                        break;
                    case 1 when bytes.Count > 0:
                        bytes.RemoveAt(at);
                        break;
                    case 2:
                        bytes.Insert(at, value);
                        break;
                    case 3:
                        bytes.InsertRange(at, bytes.GetRange(at, Math.Min(20, bytes.Count - at)));
                        break;
                    case 4 when value < 32:
                        bytes.RemoveRange(at, bytes.Count - at);
                        break;
                }
            }

            return bytes.ToArray();
        });
    }
}
