using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace WebHost.Configuration;

/// <summary>Has the start of the application find what is wrong with <see cref="Settings"/>, beside the faults of other options.</summary>
internal sealed class SettingsValidator(IConfiguration? configuration) : IValidateOptions<SettingsValidator>
{
    /// <summary>Made by the options system, only to be validated.</summary>
    public SettingsValidator()
        : this(null)
    {
    }

    public ValidateOptionsResult Validate(string? name, SettingsValidator options)
    {
        try
        {
            Settings.Read(configuration!);
            return ValidateOptionsResult.Success;
        }
        catch (OptionsValidationException faulty)
        {
            return ValidateOptionsResult.Fail(faulty.Failures);
        }
    }
}
