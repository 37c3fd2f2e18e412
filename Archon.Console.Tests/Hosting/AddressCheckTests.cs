using System.Net;
using Archon.Hosting;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Hosting;

[SystemTest]
public sealed class AddressCheckTests(RunningConsole console) : IClassFixture<RunningConsole>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("services?q=%00")]
    [InlineData("services?q=a%00b&page=2")]
    [InlineData("services?q=%FF")]
    [InlineData("services?q=%C3%28")]
    [InlineData("services?q=%ED%A0%80")]
    [InlineData("anomalies?q=%00")]
    [InlineData("rules/coverage?q=%00")]
    [InlineData("services/%00")]
    [InlineData("services/%ff")]
    [InlineData("monitoring/intelligence/anomalies?cursor=%00")]
    [InlineData("rules/prometheus/1/api/v1/labels?match[]=%00")]
    [InlineData("no/such/page%00")]
    public async Task An_address_that_is_no_text_is_a_bad_request(string address)
    {
        foreach (var accept in (string[])["text/html", "application/json"])
        {
            using var client = new HttpClient { BaseAddress = console.App.Address };
            using var request = new HttpRequestMessage(
                HttpMethod.Get,
                new Uri(
                    console.App.Address.AbsoluteUri + address,
                    new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }
                )
            );
            request.Headers.Accept.ParseAdd(accept);
            using var reply = await client.SendAsync(request, Token);

            Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
        }
    }

    [Theory]
    [InlineData("/services?q=100%25", true)]
    [InlineData("/services/caf%C3%A9", true)]
    [InlineData("/services?q=50%", true)]
    [InlineData("/services?q=%zz", true)]
    [InlineData("/services?q=%2500", true)]
    [InlineData("/services?q=%00", false)]
    [InlineData("/services?q=%f0%9f%98", false)]
    public void Only_what_is_no_text_is_refused(string target, bool isText) => Assert.Equal(isText, AddressCheck.IsText(target));
}
