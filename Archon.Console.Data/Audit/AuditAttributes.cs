namespace Archon.Data.Audit;

/// <summary>A secret, or what one can be guessed from: the audit records that it changed, never its value.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SecretAttribute : Attribute;

/// <summary>Says who a person is. The audit records that it changed and not its value, because entries cannot be altered when the person is removed.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PersonalAttribute : Attribute;

/// <summary>
/// Follows from other data: computed by jobs and computed again when it is lost, or, for all rows of a class, a record of what other rows became. The audit leaves
/// it out.
/// </summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Class)]
public sealed class DerivedAttribute : Attribute;
