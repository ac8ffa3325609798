using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;

namespace WebHost.Local.SampleLibrary;

public static class LibraryFunctions
{
    [Function("Library")]
    public static IActionResult Library([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request) =>
        new OkObjectResult("found");
}
