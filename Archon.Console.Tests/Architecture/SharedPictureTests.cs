using Archon.Live;
using Mono.Cecil;
using Xunit;

namespace Archon.Tests.Architecture;

/// <summary>What is kept for every reader alike is read without asking who reads.</summary>
public sealed class SharedPictureTests
{
    private static readonly string[] ReportWhoReads =
    [
        "AuthenticationState",
        "AuthenticationStateProvider",
        "ClaimsPrincipal",
        "IIdentity",
        "IHttpContextAccessor",
        "HttpContext",
    ];

    private static readonly string[] Reading = ["get_Source", "ReadAsync"];

    private static readonly ModuleDefinition Console = ModuleDefinition.ReadModule(typeof(Program).Assembly.Location);

    [Fact]
    public void No_page_with_a_shared_picture_reads_by_who_the_reader_is()
    {
        var pages = LivePages().Where(page => IsShared(page.Picture)).ToList();

        Assert.True(pages.Count >= 8, $"{pages.Count} pages: not all were found.");
        Assert.All(pages, page => Assert.Null(WhoIsAsked(page.Page)));
    }

    [Fact]
    public void The_check_sees_that_the_settings_depend_on_the_reader() =>
        Assert.NotNull(WhoIsAsked(Assert.Single(LivePages(), page => page.Page.Name == "SettingsPage").Page));

    private static IEnumerable<(TypeDefinition Page, TypeDefinition Picture)> LivePages() =>
        from type in Console.Types
        where type.BaseType is GenericInstanceType { ElementType.Name: "LivePage`1" }
        select (type, ((GenericInstanceType)type.BaseType).GenericArguments[0].Resolve());

    private static bool IsShared(TypeDefinition picture) => picture.Interfaces.Any(one => one.InterfaceType.Name == nameof(ISharedPicture));

    /// <summary>
    /// The first member of <c>Source</c> and <c>ReadAsync</c>, or of what they call within the page, that knows the reader or was set by something that does.
    /// </summary>
    private static string? WhoIsAsked(TypeDefinition page)
    {
        var own = new[] { page }.Concat(page.NestedTypes).SelectMany(type => type.Methods).Where(method => method.HasBody).ToList();
        var knowing = own.Where(AsksDirectly).ToList();
        var tainted = knowing
            .SelectMany(Operands)
            .OfType<FieldReference>()
            .Concat(
                knowing
                    .SelectMany(Operands)
                    .OfType<MethodReference>()
                    .Where(method => method.Name.StartsWith("set_", StringComparison.Ordinal))
                    .SelectMany(method => Backing(page, method))
            )
            .Where(field => field.DeclaringType.FullName == page.FullName)
            .Select(field => field.FullName)
            .ToHashSet(StringComparer.Ordinal);
        var waiting = new Stack<MethodDefinition>(
            own.Where(method =>
                Reading.Any(name =>
                    method.Name == name
                    || method.Name.StartsWith($"<{name}>", StringComparison.Ordinal)
                    || method.DeclaringType.Name.StartsWith($"<{name}>", StringComparison.Ordinal)
                )
            )
        );
        var seen = new HashSet<MethodDefinition>();
        while (waiting.TryPop(out var method))
        {
            if (!seen.Add(method))
                continue;
            if (AsksDirectly(method))
                return method.FullName;
            foreach (var operand in Operands(method))
            {
                if (operand is FieldReference field && tainted.Contains(field.FullName))
                    return field.FullName;
                if (operand is not MethodReference called)
                    continue;
                foreach (
                    var inner in own.Where(one =>
                        one.FullName == called.FullName || one.DeclaringType.Name.StartsWith($"<{called.Name}>", StringComparison.Ordinal)
                    )
                )
                {
                    waiting.Push(inner);
                }
            }
        }
        return null;
    }

    private static bool AsksDirectly(MethodDefinition method) =>
        Operands(method)
            .OfType<MemberReference>()
            .Any(member =>
                ReportWhoReads.Any(type =>
                    member.DeclaringType?.Name == type
                    || (member as MethodReference)?.ReturnType.FullName.Contains(type, StringComparison.Ordinal) == true
                )
            );

    private static IEnumerable<object> Operands(MethodDefinition method) =>
        method.Body.Instructions.Select(one => one.Operand).OfType<object>();

    private static IEnumerable<FieldReference> Backing(TypeDefinition page, MethodReference setter) =>
        page.Methods.Where(method => method.FullName == setter.FullName && method.HasBody).SelectMany(Operands).OfType<FieldReference>();
}
