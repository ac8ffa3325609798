using WebHost.Functions.Tests.Callers;
using WebHost.Problems;
using WebHost.Security;

namespace WebHost.Functions.Tests.Problems;

public sealed class UnmatchedFunctionsTests
{
    [Fact]
    public void A_path_that_no_function_takes_is_named_without_the_token_in_it()
    {
        var token = OpaqueToken.Generate(TokenKind.Device);
        var request = TestCallers.OperatorRequest();
        request.Method = "GET";
        request.Path = $"/api/gps/{token}/phone";

        var refused = Assert.Throws<ProblemException>(() => UnmatchedFunctions.Run(request));

        Assert.Equal(404, refused.Status);
        Assert.Contains("no GET /api/gps/wht_***/phone,", refused.Message, StringComparison.Ordinal);
    }
}
