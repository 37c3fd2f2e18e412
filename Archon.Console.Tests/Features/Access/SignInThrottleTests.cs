using System.Net;
using Archon.Features.Access;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Archon.Tests.Features.Access;

public sealed class SignInThrottleTests
{
    private const string Name = "ALICE";
    private static readonly IPAddress Attacker = IPAddress.Parse("203.0.113.7");
    private static readonly IPAddress Home = IPAddress.Parse("198.51.100.4");
    private readonly FakeTimeProvider clock = new();
    private readonly SignInThrottle throttle;

    public SignInThrottleTests() => throttle = new SignInThrottle(Options.Create(new AccessOptions()), clock);

    [Fact]
    public void After_five_wrong_passwords_for_a_name_each_further_one_waits_twice_as_long_up_to_a_quarter_of_an_hour()
    {
        for (var i = 0; i < 5; i++)
            Assert.Null(throttle.Begin(Attacker, Name, device: null));

        var waits = new List<TimeSpan>();
        for (var i = 0; i < 12; i++)
        {
            waits.Add(throttle.Begin(Attacker, Name, device: null) ?? TimeSpan.Zero);
            clock.Advance(waits[^1]);
            Assert.Null(throttle.Begin(Attacker, Name, device: null));
        }

        Assert.Equal([5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900, 900], waits.Select(wait => wait.TotalSeconds));
    }

    [Fact]
    public void An_address_that_tries_one_password_on_many_names_waits_too()
    {
        for (var i = 0; i < 20; i++)
            Assert.Null(throttle.Begin(Attacker, $"USER{i}", device: null));

        Assert.Equal(SignInThrottle.FirstWait, throttle.Begin(Attacker, "USER20", device: null));
    }

    [Fact]
    public void No_one_locks_somebody_else_out()
    {
        for (var i = 0; i < 100; i++)
        {
            throttle.Begin(Attacker, Name, device: null);
            clock.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.NotNull(throttle.Begin(Attacker, Name, device: null));
        Assert.Null(throttle.Begin(Home, Name, device: null));
        Assert.Null(throttle.Begin(Attacker, Name, device: "known browser at the attacker's address"));
    }

    [Fact]
    public void A_known_browser_does_not_guess_without_end_either()
    {
        for (var i = 0; i < 10; i++)
            Assert.Null(throttle.Begin(Home, Name, "stolen"));

        Assert.NotNull(throttle.Begin(Home, Name, "stolen"));
    }

    [Fact]
    public void The_right_password_forgets_the_wrong_ones_of_its_name_but_not_those_of_its_address()
    {
        for (var i = 0; i < 19; i++)
            throttle.Begin(Attacker, $"USER{i}", device: null);
        for (var i = 0; i < 10; i++)
        {
            Assert.Null(throttle.Begin(Attacker, Name, device: null));
            throttle.Succeeded(Attacker, Name, device: null);
        }

        Assert.Null(throttle.Begin(Attacker, "ONE MORE", device: null));
        Assert.NotNull(throttle.Begin(Attacker, "TOO MANY", device: null));
    }

    [Theory]
    [InlineData("2001:db8::1", "2001:db8::ffff:2", true)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:2::1", false)]
    [InlineData("::ffff:203.0.113.7", "203.0.113.7", true)]
    [InlineData("203.0.113.7", "203.0.113.8", false)]
    public void Addresses_of_one_network_count_together(string first, string second, bool isOne)
    {
        for (var i = 0; i < 5; i++)
            throttle.Begin(IPAddress.Parse(first), Name, device: null);

        Assert.Equal(isOne, throttle.Begin(IPAddress.Parse(second), Name, device: null) is not null);
    }

    [Fact]
    public void An_hour_without_a_wrong_password_forgets_them()
    {
        for (var i = 0; i < 8; i++)
        {
            throttle.Begin(Attacker, Name, device: null);
            clock.Advance(TimeSpan.FromMinutes(16));
        }
        clock.Advance(TimeSpan.FromHours(1));

        for (var i = 0; i < 5; i++)
            Assert.Null(throttle.Begin(Attacker, Name, device: null));
    }

    [Fact]
    public void Names_and_addresses_that_an_attacker_makes_up_do_not_fill_the_memory()
    {
        for (var i = 0; i < SignInThrottle.Capacity * 2; i++)
            throttle.Begin(new IPAddress(i), $"NAME{i}", device: null);

        Assert.Equal(SignInThrottle.Capacity, throttle.Size);
    }
}
