using Microsoft.Extensions.Options;
using WebHost.Providers.Redis;

namespace WebHost.Providers.Fly;

/// <summary>Redis databases as Fly's Upstash add-on.</summary>
/// <remarks>An add-on is ours when our organization owns it; its name is unique there.</remarks>
internal sealed class FlyRedis(IAddOnsApi api, IOptions<ProvidersOptions> options) : IRedisService
{
    private const string Type = "upstash_redis";
    private const string Fields = "id name publicUrl status errorMessage organization { id slug }";

    private readonly string _organization = options.Value.Fly.Organization;

    public async Task<RedisInstance> EnsureAsync(RedisRequest request, CancellationToken cancellationToken = default)
    {
        if (await FindAddOnAsync(request.Name, cancellationToken) is { } present)
        {
            return Ready(nameof(IAddOnsApi.GetAddOn), present);
        }

        var input = new
        {
            organizationId = await OrganizationIdAsync(cancellationToken),
            type = Type,
            name = request.Name,
            primaryRegion = request.PrimaryRegion,
            readRegions = request.ReadRegions,
            options = new { eviction = false },
        };
        try
        {
            var made = await api.CreateAddOn(
                new GraphQlRequest(
                    nameof(IAddOnsApi.CreateAddOn),
                    $"mutation CreateAddOn($input: CreateAddOnInput!) {{ createAddOn(input: $input) {{ addOn {{ {Fields} }} }} }}",
                    new { input }),
                cancellationToken);
            return made.Data.CreateAddOn is { } payload
                ? Ready(nameof(IAddOnsApi.CreateAddOn), payload.AddOn)
                : throw Fault(nameof(IAddOnsApi.CreateAddOn), ProviderErrorKind.Transient, $"answered no add-on {request.Name}");
        }
        catch (ProviderException error) when (error.Code == FlyErrors.NameTaken)
        {
            if (await FindAddOnAsync(request.Name, cancellationToken) is { } other)
            {
                return Ready(nameof(IAddOnsApi.CreateAddOn), other);
            }

            throw;
        }
    }

    public async Task<RedisInstance?> FindAsync(string name, CancellationToken cancellationToken = default) =>
        await FindAddOnAsync(name, cancellationToken) is { } addOn ? Ready(nameof(IAddOnsApi.GetAddOn), addOn) : null;

    public async Task DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        if (await FindAddOnAsync(name, cancellationToken) is null)
        {
            return;
        }

        await ProviderErrors.IgnoreAbsenceAsync(api.DeleteAddOn(
            new GraphQlRequest(
                nameof(IAddOnsApi.DeleteAddOn),
                "mutation DeleteAddOn($input: DeleteAddOnInput!) { deleteAddOn(input: $input) { deletedAddOnName } }",
                new { input = new { name, provider = Type } }),
            cancellationToken));
    }

    private static RedisInstance Ready(string operation, AddOn addOn) => addOn switch
    {
        { Status: "error" } => throw Fault(
            operation, ProviderErrorKind.Permanent, addOn.ErrorMessage ?? $"add-on {addOn.Name} failed without a reason"),
        { PublicUrl: { Length: > 0 } url } => new RedisInstance(addOn.Id, addOn.Name, url),
        _ => throw Fault(operation, ProviderErrorKind.Transient, $"add-on {addOn.Name} is {addOn.Status ?? "not ready"}"),
    };

    private static ProviderException Fault(string operation, ProviderErrorKind kind, string message) =>
        new(FlyErrors.Name, operation, new ProviderError(kind, message));

    private async Task<AddOn?> FindAddOnAsync(string name, CancellationToken cancellationToken)
    {
        var request = new GraphQlRequest(
            nameof(IAddOnsApi.GetAddOn),
            $"query GetAddOn($name: String!, $provider: String) {{ addOn(name: $name, provider: $provider) {{ {Fields} }} }}",
            new { name, provider = Type });
        var addOn = (await ProviderErrors.NullWhenAbsentAsync(api.GetAddOn(request, cancellationToken)))?.Data.AddOn;
        return addOn is null || addOn.Organization?.Slug == _organization
            ? addOn
            : throw FlyErrors.Refuse(nameof(IAddOnsApi.GetAddOn), $"add-on {name} does not belong to organization {_organization}");
    }

    private async Task<string> OrganizationIdAsync(CancellationToken cancellationToken)
    {
        var answer = await api.GetOrganization(
            new GraphQlRequest(
                nameof(IAddOnsApi.GetOrganization),
                "query GetOrganization($slug: String!) { organization(slug: $slug) { id slug } }",
                new { slug = _organization }),
            cancellationToken);
        return answer.Data.Organization?.Id
            ?? throw Fault(nameof(IAddOnsApi.GetOrganization), ProviderErrorKind.NotFound, $"there is no organization {_organization}");
    }
}
