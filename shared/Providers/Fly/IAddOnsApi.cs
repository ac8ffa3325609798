using Refit;

namespace WebHost.Providers.Fly;

/// <summary>The part of Fly's GraphQL API that makes what the Machines API does not: Redis databases and Consul clusters.</summary>
internal interface IAddOnsApi
{
    [Post("")]
    Task<GraphQlData<OrganizationData>> GetOrganization([Body] GraphQlRequest request, CancellationToken cancellationToken);

    [Post("")]
    Task<GraphQlData<AddOnData>> GetAddOn([Body] GraphQlRequest request, CancellationToken cancellationToken);

    [Post("")]
    Task<GraphQlData<CreateAddOnData>> CreateAddOn([Body] GraphQlRequest request, CancellationToken cancellationToken);

    [Post("")]
    Task<GraphQlData<DeleteAddOnData>> DeleteAddOn([Body] GraphQlRequest request, CancellationToken cancellationToken);

    [Post("")]
    Task<GraphQlData<EnablePostgresConsulData>> EnablePostgresConsul(
        [Body] GraphQlRequest request, CancellationToken cancellationToken);
}

internal sealed record GraphQlRequest(string OperationName, string Query, object Variables);

internal sealed record GraphQlData<T>(T Data);

internal sealed record OrganizationData(OrganizationNode? Organization);

internal sealed record OrganizationNode(string Id, string Slug);

internal sealed record AddOnData(AddOn? AddOn);

internal sealed record CreateAddOnData(CreateAddOnPayload? CreateAddOn);

internal sealed record CreateAddOnPayload(AddOn AddOn);

internal sealed record DeleteAddOnData(DeleteAddOnPayload? DeleteAddOn);

internal sealed record DeleteAddOnPayload(string? DeletedAddOnName);

internal sealed record EnablePostgresConsulData(EnablePostgresConsulPayload? EnablePostgresConsul);

internal sealed record EnablePostgresConsulPayload(string? ConsulUrl)
{
    // The address carries a token.
    public override string ToString() => nameof(EnablePostgresConsulPayload);
}

internal sealed record AddOn(
    string Id,
    string Name,
    string? PublicUrl,
    string? Status,
    string? ErrorMessage,
    OrganizationNode? Organization);
