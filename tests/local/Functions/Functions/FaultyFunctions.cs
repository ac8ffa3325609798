using Azure.Messaging.ServiceBus;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace WebHost.Local.Functions.Tests;

/// <summary>One of every mistake.</summary>
public static class FaultyFunctions
{
    [Function("Keyed")]
    public static IActionResult Keyed([HttpTrigger(AuthorizationLevel.Function, "get")] HttpRequest request) => new OkResult();

    [Function("Plain")]
    public static string Plain([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request) => "";

    [Function("BadRoute")]
    public static IResult BadRoute([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "a/{b")] HttpRequest request) =>
        Results.Ok();

    [Function("Unbound")]
    public static IResult Unbound(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "unbound/{a}")] HttpRequest request, string b) => Results.Ok();

    [Function("NoTrigger")]
    public static void NoTrigger(FunctionContext context)
    {
    }

    [Function("FiveFields")]
    public static void FiveFields([TimerTrigger("* * * * *")] TimerInfo timer)
    {
    }

    [Function("NoSettings")]
    public static void NoSettings(
        [ServiceBusTrigger("%AbsentQueue%", Connection = "AbsentConnection")] ServiceBusReceivedMessage message)
    {
    }

    [Function("NotBatched")]
    public static void NotBatched([ServiceBusTrigger("q", Connection = "Present")] ServiceBusReceivedMessage[] messages)
    {
    }

    [Function("Peeking")]
    public static Task Peeking(
        [OrchestrationTrigger] TaskOrchestrationContext context, [DurableClient] DurableTaskClient client) => Task.CompletedTask;

    [Function("Hidden")]
    internal static void Hidden([ActivityTrigger] string input)
    {
    }

    [Function("twice")]
    public static void First([ActivityTrigger] string input)
    {
    }

    [Function("Twice")]
    public static void Second([ActivityTrigger] string input)
    {
    }

    [Function("SameA")]
    public static IResult SameA(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "post", Route = "same/{a}")] HttpRequest request) => Results.Ok();

    [Function("SameB")]
    public static IResult SameB(
        [HttpTrigger(AuthorizationLevel.Anonymous, "POST", Route = "Same/{b}")] HttpRequest request) => Results.Ok();
}
