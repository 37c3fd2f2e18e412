using System.Globalization;

namespace Archon.Tests.Analysis.LogPatterns;

/// <summary>
/// Logs of our own making whose lines know which statement wrote them. The values are those that each program really writes there; statements come with
/// very different frequencies, as they do.
/// </summary>
internal static class LabelledLogs
{
    private static readonly DateTime Start = new(2026, 3, 2, 6, 0, 0, DateTimeKind.Utc);
    private static readonly string[] Users =
    [
        "root",
        "admin",
        "deploy",
        "postgres",
        "maria",
        "jenkins",
        "backup",
        "oracle",
        "guest",
        "ubuntu",
        "test",
        "li.wei",
    ];
    private static readonly string[] Services =
    [
        "checkout",
        "search",
        "cart",
        "payments",
        "catalogue",
        "login",
        "mail",
        "ledger",
        "images",
        "stock",
    ];
    private static readonly string[] Hosts = ["web-01", "web-02", "db-primary", "cache-a", "edge-fra-3", "worker-17"];
    private static readonly string[] Tables =
    [
        "orders",
        "customers",
        "invoices",
        "line_items",
        "sessions",
        "audit",
        "stock_level",
        "prices",
    ];

    public static IReadOnlyDictionary<string, IReadOnlyList<(string Label, string Line)>> All { get; } =
        Formats()
            .ToDictionary(
                format => format.Name,
                IReadOnlyList<(string, string)> (format) => Write(format.Name, format.Statements),
                StringComparer.Ordinal
            );

    private static List<(string Label, string Line)> Write(string name, Statement[] statements)
    {
        var random = new Random(name.Length * 7919);
        var lines = new List<(string, string)>();
        var at = Start;
        // The first statement is written most, the last once in a while.
        for (var i = 0; i < 1500; i++)
        {
            var number = Math.Min((int)(-Math.Log(1 - random.NextDouble()) * statements.Length / 3.0), statements.Length - 1);
            at = at.AddMilliseconds(random.Next(4000));
            lines.Add((statements[number].Label, statements[number].Line(new Values(random, at))));
        }
        return lines;
    }

    private static IEnumerable<(string Name, Statement[] Statements)> Formats()
    {
        yield return (
            "nginx access",
            [
                new(
                    "GET 2xx",
                    v =>
                        $"{v.Ip} - - [{v.Clf}] \"GET /{v.Of(Services)}/{v.Int(9999)} HTTP/1.1\" 200 {v.Int(90000)} \"-\" \"{v.Of("curl/8.5.0", "Mozilla/5.0 (X11; Linux x86_64)", "kube-probe/1.31")}\""
                ),
                new(
                    "POST 2xx",
                    v =>
                        $"{v.Ip} - {v.Of(Users)} [{v.Clf}] \"POST /api/{v.Of(Services)} HTTP/2.0\" 201 {v.Int(900)} \"https://shop.example/{v.Of(Services)}\" \"Mozilla/5.0 (Macintosh)\""
                ),
                new(
                    "GET 4xx",
                    v =>
                        $"{v.Ip} - - [{v.Clf}] \"GET /{v.Of("wp-login.php", ".env", "favicon.ico")}?q={v.Hex(6)} HTTP/1.1\" 404 153 \"-\" \"-\""
                ),
                new(
                    "GET 5xx",
                    v =>
                        $"{v.Ip} - - [{v.Clf}] \"GET /{v.Of(Services)} HTTP/1.1\" {v.Of("502", "503", "504")} 0 \"-\" \"Go-http-client/1.1\""
                ),
            ]
        );
        yield return (
            "nginx error",
            [
                new(
                    "refused",
                    v =>
                        $"{v.Slashed} [error] {v.Int(99)}#{v.Int(99)}: *{v.Int(99999)} connect() failed (111: Connection refused) while connecting to upstream, client: {v.Ip}, server: shop.example, request: \"GET /{v.Of(Services)} HTTP/1.1\", upstream: \"http://{v.Ip}:8080/{v.Of(Services)}\", host: \"shop.example\""
                ),
                new(
                    "timed out",
                    v =>
                        $"{v.Slashed} [error] {v.Int(99)}#{v.Int(99)}: *{v.Int(99999)} upstream timed out (110: Connection timed out) while reading response header from upstream, client: {v.Ip}, server: shop.example, request: \"POST /{v.Of(Services)} HTTP/1.1\", upstream: \"http://{v.Ip}:8080/\", host: \"shop.example\""
                ),
                new(
                    "no file",
                    v =>
                        $"{v.Slashed} [error] {v.Int(99)}#{v.Int(99)}: *{v.Int(99999)} open() \"/usr/share/nginx/html/{v.Hex(5)}.php\" failed (2: No such file or directory), client: {v.Ip}, server: shop.example, request: \"GET /{v.Hex(4)}.php HTTP/1.1\", host: \"{v.Ip}\""
                ),
                new("signal", v => $"{v.Slashed} [notice] {v.Int(99)}#{v.Int(99)}: signal process started"),
            ]
        );
        yield return (
            "java",
            [
                new(
                    "request",
                    v =>
                        $"{v.Comma} INFO  [http-nio-8080-exec-{v.Int(40)}] c.e.shop.{v.Of("OrderController")} : Order {v.Uuid} placed by customer {v.Int(99999)} for {v.Int(900)}.{v.Int(99):00} EUR"
                ),
                new(
                    "cache",
                    v => $"{v.Comma} DEBUG [scheduling-{v.Int(4)}] c.e.shop.PriceCache : Refreshed {v.Int(9000)} prices in {v.Int(900)} ms"
                ),
                new(
                    "slow",
                    v =>
                        $"{v.Comma} WARN  [http-nio-8080-exec-{v.Int(40)}] o.h.e.jdbc.SqlExceptionHelper : Query took {v.Int(9000)} ms: select o from {v.Of(Tables)} o"
                ),
                new(
                    "retry",
                    v =>
                        $"{v.Comma} WARN  [kafka-producer-network-thread | producer-{v.Int(3)}] o.a.k.clients.NetworkClient : [Producer clientId=producer-{v.Int(3)}] Connection to node {v.Int(5)} ({v.Of(Hosts)}/{v.Ip}:9092) could not be established"
                ),
                new(
                    "pool",
                    v =>
                        $"{v.Comma} ERROR [http-nio-8080-exec-{v.Int(40)}] c.z.h.pool.HikariPool : HikariPool-1 - Connection is not available, request timed out after {v.Int(30000)}ms"
                ),
                new(
                    "started",
                    v =>
                        $"{v.Comma} INFO  [main] c.e.shop.Application : Started Application in {v.Int(20)}.{v.Int(999)} seconds (process running for {v.Int(30)}.{v.Int(999)})"
                ),
            ]
        );
        yield return (
            "java traces",
            [
                new(
                    "npe",
                    v =>
                        $"java.lang.NullPointerException: Cannot invoke \"String.length()\" because \"{v.Of("name", "sku", "address")}\" is null\n\tat com.example.shop.Order.total(Order.java:{v.Int(400)})\n\tat java.base/java.lang.Thread.run(Thread.java:{v.Int(2000)})"
                ),
                new(
                    "refused",
                    v =>
                        $"Caused by: java.net.ConnectException: Connection refused: {v.Of(Hosts)}/{v.Ip}:{v.Int(9999)}\n\tat java.base/sun.nio.ch.Net.pollConnect(Native Method)\n\t... {v.Int(60)} more"
                ),
                new(
                    "illegal",
                    v =>
                        $"java.lang.IllegalArgumentException: Quantity must be positive but was -{v.Int(40)}\n\tat com.example.shop.Cart.add(Cart.java:{v.Int(300)})"
                ),
                new(
                    "oom",
                    v =>
                        $"Exception in thread \"pool-{v.Int(9)}-thread-{v.Int(9)}\" java.lang.OutOfMemoryError: Java heap space\n\tat java.base/java.util.Arrays.copyOf(Arrays.java:{v.Int(4000)})"
                ),
            ]
        );
        yield return (
            "python",
            [
                new(
                    "job",
                    v =>
                        $"{v.Comma} - celery.worker - INFO - Task app.tasks.{v.Of("send_mail")}[{v.Uuid}] succeeded in {v.Int(9)}.{v.Int(99999)}s: None"
                ),
                new("received", v => $"{v.Comma} - celery.worker - INFO - Task app.tasks.{v.Of("send_mail")}[{v.Uuid}] received"),
                new(
                    "retry",
                    v =>
                        $"{v.Comma} - celery.worker - WARNING - Retry in {v.Int(300)}s: OperationalError('connection to server at \"{v.Ip}\", port 5432 failed')"
                ),
                new("login", v => $"{v.Comma} - app.auth - INFO - User '{v.Of(Users)}' logged in from {v.Ip}"),
                new(
                    "upload",
                    v =>
                        $"{v.Comma} - app.files - DEBUG - Saved upload to /var/uploads/{v.Hex(12)}.{v.Of("png", "pdf", "zip")} ({v.Int(99999)} bytes)"
                ),
                new("key", v => $"{v.Comma} - app.views - ERROR - KeyError: '{v.Of("price", "sku", "qty")}'"),
            ]
        );
        yield return (
            "zap",
            [
                new(
                    "served",
                    v =>
                        $$"""{"level":"info","ts":{{v.Epoch}}.{{v.Int(999)}},"caller":"http/server.go:{{v.Int(300)}}","msg":"request served","path":"/{{v.Of(Services)}}","status":200,"duration":0.{{v.Int(9999)}}}"""
                ),
                new(
                    "leader",
                    v =>
                        $$"""{"level":"info","ts":{{v.Epoch}}.{{v.Int(999)}},"caller":"raft/node.go:88","msg":"elected leader {{v.Hex(8)}} at term {{v.Int(90)}}"}"""
                ),
                new(
                    "lost",
                    v =>
                        $$"""{"level":"warn","ts":{{v.Epoch}}.{{v.Int(999)}},"caller":"raft/peer.go:{{v.Int(99)}}","msg":"lost connection with peer","peer":"{{v.Hex(16)}}","error":"read tcp {{v.Ip}}:{{v.Int(60000)}}->{{v.Ip}}:2380: i/o timeout"}"""
                ),
                new(
                    "failed",
                    v =>
                        $$"""{"level":"error","ts":{{v.Epoch}}.{{v.Int(999)}},"caller":"http/server.go:{{v.Int(300)}}","msg":"request failed","path":"/{{v.Of(Services)}}","error":"context deadline exceeded","stacktrace":"main.serve\n\t/src/main.go:{{v.Int(99)}}"}"""
                ),
                new(
                    "compacted",
                    v =>
                        $$"""{"level":"debug","ts":{{v.Epoch}}.{{v.Int(999)}},"msg":"compacted {{v.Int(999)}} keys","took":"{{v.Int(99)}}.{{v.Int(99)}}ms"{{v.Of(",\"revision\":7", "")}}}"""
                ),
            ]
        );
        yield return (
            "logfmt",
            [
                new(
                    "query",
                    v =>
                        $"ts={v.Iso} caller=metrics.go:{v.Int(200)} level=info org_id={v.Of("fake", "team-a")} msg=\"query finished\" query=\"{{app=\\\"{v.Of(Services)}\\\"}}\" duration={v.Int(900)}ms bytes={v.Int(90)}MB"
                ),
                new(
                    "flush",
                    v =>
                        $"ts={v.Iso} caller=flush.go:{v.Int(200)} level=info msg=\"flushing stream\" user=fake fp={v.Hex(16)} immediate={v.Of("true", "false")} num_chunks={v.Int(9)} labels=\"{{}}\""
                ),
                new(
                    "dropped",
                    v =>
                        $"ts={v.Iso} caller=push.go:{v.Int(200)} level=warn msg=\"entry too far behind\" stream=\"{{app=\\\"{v.Of(Services)}\\\"}}\""
                ),
                new(
                    "store",
                    v =>
                        $"ts={v.Iso} caller=table.go:{v.Int(200)} level=error msg=\"failed to upload index\" table=index_{v.Int(99999)} err=\"AccessDenied: status code: 403, request id: {v.Hex(16)}\""
                ),
                new(
                    "ring",
                    v =>
                        $"ts={v.Iso} caller=lifecycler.go:{v.Int(900)} level=info msg=\"instance {v.Of(Hosts)} joined the ring with {v.Int(512)} tokens\""
                ),
            ]
        );
        yield return (
            "syslog",
            [
                new(
                    "cron",
                    v =>
                        $"{v.Syslog} {v.Of(Hosts)} CRON[{v.Int(32000)}]: ({v.Of(Users)}) CMD (/usr/local/bin/{v.Of(Services)}.sh >/dev/null 2>&1)"
                ),
                new(
                    "opened",
                    v =>
                        $"{v.Syslog} {v.Of(Hosts)} systemd[1]: Started session-{v.Int(9000)}.scope - Session {v.Int(9000)} of User {v.Of(Users)}."
                ),
                new("closed", v => $"{v.Syslog} {v.Of(Hosts)} systemd[1]: session-{v.Int(9000)}.scope: Deactivated successfully."),
                new(
                    "oom",
                    v =>
                        $"{v.Syslog} {v.Of(Hosts)} kernel: [{v.Int(99999)}.{v.Int(999999)}] Out of memory: Killed process {v.Int(32000)} ({v.Of("java", "node", "python3")}) total-vm:{v.Int(999999)}kB, anon-rss:{v.Int(99999)}kB"
                ),
                new("dhcp", v => $"{v.Syslog} {v.Of(Hosts)} dhclient[{v.Int(3000)}]: DHCPACK of {v.Ip} from {v.Ip}"),
                new(
                    "link",
                    v =>
                        $"{v.Syslog} {v.Of(Hosts)} kernel: [{v.Int(99999)}.{v.Int(999999)}] e1000e: eth{v.Int(3)} NIC Link is {v.Of("Up 1000 Mbps", "Up 100 Mbps")} Full Duplex"
                ),
            ]
        );
        yield return (
            "postgres",
            [
                new(
                    "checkpoint",
                    v =>
                        $"{v.Millis} UTC [{v.Int(9000)}] LOG:  checkpoint complete: wrote {v.Int(900)} buffers ({v.Int(9)}.{v.Int(9)}%); write={v.Int(99)}.{v.Int(999)} s, sync=0.{v.Int(999)} s, total={v.Int(99)}.{v.Int(999)} s"
                ),
                new("starting", v => $"{v.Millis} UTC [{v.Int(9000)}] LOG:  checkpoint starting: time"),
                new(
                    "duration",
                    v =>
                        $"{v.Millis} UTC [{v.Int(9000)}] {v.Of("app", "report")}@shop LOG:  duration: {v.Int(9000)}.{v.Int(999)} ms  statement: COMMIT"
                ),
                new(
                    "relation",
                    v =>
                        $"{v.Millis} UTC [{v.Int(9000)}] app@shop ERROR:  relation \"{v.Of(Tables)}\" does not exist at character {v.Int(90)}"
                ),
                new(
                    "unique",
                    v =>
                        $"{v.Millis} UTC [{v.Int(9000)}] app@shop ERROR:  duplicate key value violates unique constraint \"{v.Of(Tables)}_pkey\""
                ),
                new("connections", v => $"{v.Millis} UTC [{v.Int(9000)}] app@shop FATAL:  sorry, too many clients already"),
                new("deadlock", v => $"{v.Millis} UTC [{v.Int(9000)}] app@shop ERROR:  deadlock detected"),
            ]
        );
        yield return (
            "redis",
            [
                new("saving", v => $"{v.Int(9)}:M {v.Redis} * {v.Int(9000)} changes in {v.Int(900)} seconds. Saving..."),
                new("background", v => $"{v.Int(9)}:M {v.Redis} * Background saving started by pid {v.Int(9000)}"),
                new("saved", v => $"{v.Int(9)}:C {v.Redis} * DB saved on disk"),
                new("success", v => $"{v.Int(9)}:M {v.Redis} * Background saving terminated with success"),
                new("replica", v => $"{v.Int(9)}:M {v.Redis} * Replica {v.Ip}:6379 asks for synchronization"),
                new("overcommit", v => $"{v.Int(9)}:M {v.Redis} # WARNING Memory overcommit must be enabled!"),
            ]
        );
        yield return (
            "kubernetes",
            [
                new(
                    "pulled",
                    v =>
                        $"I{v.Klog}    {v.Int(2000)} kubelet_pods.go:{v.Int(900)}] \"Successfully pulled image\" image=\"registry.local/{v.Of(Services)}:{v.Hex(7)}\" pod=\"shop/{v.Of(Services)}-{v.Hex(9)}-{v.Id(5)}\""
                ),
                new(
                    "started",
                    v =>
                        $"I{v.Klog}    {v.Int(2000)} kubelet_pods.go:{v.Int(900)}] \"Started container\" container=\"{v.Of(Services)}\" pod=\"shop/{v.Of(Services)}-{v.Hex(9)}-{v.Id(5)}\""
                ),
                new(
                    "probe",
                    v =>
                        $"I{v.Klog}    {v.Int(2000)} prober.go:{v.Int(200)}] Readiness probe for pod {v.Of(Services)}-{v.Hex(9)}-{v.Id(5)} failed: HTTP probe failed with statuscode: {v.Of("503", "500")}"
                ),
                new(
                    "sync",
                    v =>
                        $"E{v.Klog}    {v.Int(2000)} pod_workers.go:{v.Int(900)}] Error syncing pod {v.Uuid}, skipping: back-off {v.Int(5)}m0s restarting failed container={v.Of(Services)}"
                ),
                new(
                    "evict",
                    v =>
                        $"W{v.Klog}    {v.Int(2000)} eviction_manager.go:{v.Int(400)}] attempting to reclaim ephemeral-storage on node {v.Of(Hosts)}"
                ),
                new(
                    "volume",
                    v =>
                        $"I{v.Klog}    {v.Int(2000)} reconciler.go:{v.Int(400)}] operationExecutor.MountVolume started for volume pvc-{v.Uuid}"
                ),
            ]
        );
        yield return (
            "sshd",
            [
                new(
                    "failed",
                    v => $"{v.Syslog} bastion sshd[{v.Int(32000)}]: Failed password for {v.Of(Users)} from {v.Ip} port {v.Int(60000)} ssh2"
                ),
                new("invalid", v => $"{v.Syslog} bastion sshd[{v.Int(32000)}]: Invalid user {v.Of(Users)} from {v.Ip} port {v.Int(60000)}"),
                new(
                    "failed invalid",
                    v =>
                        $"{v.Syslog} bastion sshd[{v.Int(32000)}]: Failed password for invalid user {v.Of(Users)} from {v.Ip} port {v.Int(60000)} ssh2"
                ),
                new(
                    "accepted",
                    v =>
                        $"{v.Syslog} bastion sshd[{v.Int(32000)}]: Accepted publickey for {v.Of(Users)} from {v.Ip} port {v.Int(60000)} ssh2: ED25519 SHA256:{v.Id(43)}"
                ),
                new(
                    "opened",
                    v =>
                        $"{v.Syslog} bastion sshd[{v.Int(32000)}]: pam_unix(sshd:session): session opened for user {v.Of(Users)}(uid={v.Int(2000)}) by (uid=0)"
                ),
                new(
                    "closed",
                    v => $"{v.Syslog} bastion sshd[{v.Int(32000)}]: pam_unix(sshd:session): session closed for user {v.Of(Users)}"
                ),
                new(
                    "disconnect",
                    v =>
                        $"{v.Syslog} bastion sshd[{v.Int(32000)}]: Received disconnect from {v.Ip} port {v.Int(60000)}:11: Bye Bye [preauth]"
                ),
                new(
                    "kex",
                    v => $"{v.Syslog} bastion sshd[{v.Int(32000)}]: error: kex_exchange_identification: Connection closed by remote host"
                ),
            ]
        );
        yield return (
            "windows",
            [
                new(
                    "copied",
                    v =>
                        $"{v.Dated}, Info  CBS  Copied C:\\Windows\\WinSxS\\amd64_{v.Hex(16)}\\{v.Of(Services)}.dll to D:\\Backup\\{v.Hex(8)}\\{v.Of(Services)}.dll"
                ),
                new(
                    "session",
                    v =>
                        $"{v.Dated}, Info  CBS  Session: {v.Int(99999999)}_{v.Int(99999999)} initialized by client {v.Of("WindowsUpdateAgent", "DISM", "SPP", "TrustedInstaller", "Setup", "Defender")}."
                ),
                new(
                    "failed",
                    v => $"{v.Dated}, Error CBS  Failed to open package C:\\Packages\\KB{v.Int(9999999)}.cab [HRESULT = 0x{v.Hex(8)}]"
                ),
                new(
                    "running",
                    v =>
                        $"{v.Dated}, Info  SCM  The {v.Of("Spooler", "WinRM", "Themes", "Dhcp", "BITS", "EventLog", "Netlogon")} service entered the running state."
                ),
                new(
                    "stopped",
                    v =>
                        $"{v.Dated}, Info  SCM  The {v.Of("Spooler", "WinRM", "Themes", "Dhcp", "BITS", "EventLog", "Netlogon")} service entered the stopped state."
                ),
                new("share", v => $"{v.Dated}, Warn  SMB  Cannot reach \\\\fileserver{v.Int(9)}\\share\\{v.Of(Users)}"),
            ]
        );
        yield return (
            ".NET",
            [
                new(
                    "executed",
                    v =>
                        $"info: Microsoft.EntityFrameworkCore.Database.Command[20101] Executed DbCommand ({v.Int(900)}ms) [Parameters=[@p0='{v.Int(99)}'], CommandType='Text', CommandTimeout='30']"
                ),
                new(
                    "finished",
                    v =>
                        $"info: Microsoft.AspNetCore.Hosting.Diagnostics[2] Request finished HTTP/1.1 GET http://localhost:8181/{v.Of(Services)} - 200 {v.Int(900)} text/html {v.Int(99)}.{v.Int(9999)}ms"
                ),
                new(
                    "job",
                    v =>
                        $"warn: Hangfire.AutomaticRetryAttribute[0] Failed to process the job '{v.Int(9999)}': an exception occurred. Retry attempt {v.Int(3)} of 3 will be performed in 00:00:{v.Int(59):00}."
                ),
                new(
                    "disposed",
                    v =>
                        $"fail: Microsoft.AspNetCore.Server.Kestrel[13] Connection id \"0HN{v.Id(10)}\", Request id \"0HN{v.Id(10)}:{v.Int(9999):0000}\": An unhandled exception was thrown by the application."
                ),
            ]
        );
        yield return (
            "coloured",
            [
                new("compiled", v => $"\e[32m[{v.Clock}]\e[0m \e[1mwebpack\e[22m compiled successfully in \e[33m{v.Int(9000)} ms\e[39m"),
                new("watch", v => $"\e[90m[{v.Clock}]\e[0m File change detected: \e[36m./src/{v.Of(Services)}/index.ts\e[0m"),
                new(
                    "type",
                    v =>
                        $"\e[31m[{v.Clock}]\e[0m \e[31merror\e[0m TS{v.Int(9999)}: Property \e[33m'{v.Of("id", "name", "total")}'\e[0m does not exist on type \e[33m'{v.Of("Order", "Cart")}'\e[0m"
                ),
            ]
        );
        yield return (
            "unicode",
            [
                new("added", v => $"{v.Iso} ИНФО Заказ №{v.Int(9999)} добавлен пользователем «{v.Of("Анна", "Борис")}»"),
                new("stock", v => $"{v.Iso} 警告 在庫不足 商品={v.Int(9999)} 残り={v.Int(9)}個"),
                new("paid", v => $"{v.Iso} ✅ Zahlung über {v.Int(900)},{v.Int(99):00} € für Bestellung {v.Hex(8)} eingegangen"),
            ]
        );
    }

    private sealed record Statement(string Label, Func<Values, string> Line);

    /// <summary>What stands in a line where it varies.</summary>
    private sealed class Values(Random random, DateTime at)
    {
        private const string Letters = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

        public string Ip => $"{random.Next(1, 255)}.{random.Next(256)}.{random.Next(256)}.{random.Next(1, 255)}";
        public string Uuid => $"{Hex(8)}-{Hex(4)}-{Hex(4)}-{Hex(4)}-{Hex(12)}";
        public string Clf => Reported("dd/MMM/yyyy:HH:mm:ss +0000");
        public string Iso => Reported("yyyy-MM-ddTHH:mm:ss.ffffffZ");
        public string Comma => Reported("yyyy-MM-dd HH:mm:ss,fff");
        public string Millis => Reported("yyyy-MM-dd HH:mm:ss.fff");
        public string Dated => Reported("yyyy-MM-dd HH:mm:ss");
        public string Slashed => Reported("yyyy/MM/dd HH:mm:ss");
        public string Redis => Reported("dd MMM yyyy HH:mm:ss.fff");
        public string Klog => Reported("MMdd HH:mm:ss.ffffff");
        public string Clock => Reported("HH:mm:ss");
        public string Syslog => $"{Reported("MMM")} {at.Day, 2} {Clock}";
        public long Epoch => new DateTimeOffset(at).ToUnixTimeSeconds();

        public int Int(int most) => random.Next(1, most);

        public string Of(params string[] some) => some[random.Next(some.Length)];

        public string Hex(int digits) => string.Concat(Enumerable.Range(0, digits).Select(_ => "0123456789abcdef"[random.Next(16)]));

        public string Id(int length) => string.Concat(Enumerable.Range(0, length).Select(_ => Letters[random.Next(Letters.Length)]));

        private string Reported(string format) => at.ToString(format, CultureInfo.InvariantCulture);
    }
}
