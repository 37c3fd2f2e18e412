using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Archon.Data.Migrations
{
    /// <summary>The schema of Archon 0.1, in place of the <see cref="ReplacedMigrations"/>.</summary>
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateSequence(
                name: "anomaly_ids");

            migrationBuilder.CreateSequence(
                name: "unchecked_span_ids");

            migrationBuilder.CreateTable(
                name: "audit_entries",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    actor = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    action = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    subject = table.Column<string>(type: "character varying(512)", maxLength: 512, nullable: false),
                    detail = table.Column<string>(type: "text", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_audit_entries", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "data_protection_keys",
                columns: table => new
                {
                    id = table.Column<int>(type: "integer", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    friendly_name = table.Column<string>(type: "text", nullable: true),
                    xml = table.Column<string>(type: "text", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_data_protection_keys", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "environments",
                columns: table => new
                {
                    id = table.Column<int>(type: "integer", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    name = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    triaged_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_environments", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "roles",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: true),
                    normalized_name = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: true),
                    concurrency_stamp = table.Column<string>(type: "text", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_roles", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "users",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    display_name = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    last_sign_in_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    user_name = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: true),
                    normalized_user_name = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: true),
                    email = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: true),
                    normalized_email = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: true),
                    email_confirmed = table.Column<bool>(type: "boolean", nullable: false),
                    password_hash = table.Column<string>(type: "text", nullable: true),
                    security_stamp = table.Column<string>(type: "text", nullable: true),
                    concurrency_stamp = table.Column<string>(type: "text", nullable: true),
                    phone_number = table.Column<string>(type: "text", nullable: true),
                    phone_number_confirmed = table.Column<bool>(type: "boolean", nullable: false),
                    two_factor_enabled = table.Column<bool>(type: "boolean", nullable: false),
                    lockout_end = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    lockout_enabled = table.Column<bool>(type: "boolean", nullable: false),
                    access_failed_count = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_users", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "rule_documents",
                columns: table => new
                {
                    id = table.Column<int>(type: "integer", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    environment_id = table.Column<int>(type: "integer", nullable: false),
                    name = table.Column<string>(type: "character varying(512)", maxLength: 512, nullable: false),
                    server_file = table.Column<string>(type: "character varying(1024)", maxLength: 1024, nullable: false),
                    content = table.Column<byte[]>(type: "bytea", nullable: false),
                    tests = table.Column<string>(type: "text", nullable: false),
                    current_version = table.Column<int>(type: "integer", nullable: false),
                    imported_content = table.Column<byte[]>(type: "bytea", nullable: true),
                    applied_content = table.Column<byte[]>(type: "bytea", nullable: true),
                    applied_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    seen_content = table.Column<byte[]>(type: "bytea", nullable: true),
                    seen_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    deleted_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    xmin = table.Column<uint>(type: "xid", rowVersion: true, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_rule_documents", x => x.id);
                    table.ForeignKey(
                        name: "fk_rule_documents_environments_environment_id",
                        column: x => x.environment_id,
                        principalTable: "environments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "alert_rules",
                columns: table => new
                {
                    id = table.Column<int>(type: "integer", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    environment_id = table.Column<int>(type: "integer", nullable: false),
                    file = table.Column<string>(type: "text", nullable: false),
                    group = table.Column<string>(type: "text", nullable: false),
                    name = table.Column<string>(type: "text", nullable: false),
                    ordinal = table.Column<int>(type: "integer", nullable: false),
                    kind = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    current_version = table.Column<int>(type: "integer", nullable: false),
                    server_state = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: true),
                    server_health = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: true),
                    server_error = table.Column<string>(type: "text", nullable: true),
                    server_seen_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    deleted_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    xmin = table.Column<uint>(type: "xid", rowVersion: true, nullable: false),
                    document_id = table.Column<int>(type: "integer", nullable: true),
                    group_labels = table.Column<string>(type: "jsonb", nullable: false, defaultValue: "{}"),
                    running_version = table.Column<int>(type: "integer", nullable: true),
                    served = table.Column<string>(type: "jsonb", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_alert_rules", x => x.id);
                    table.ForeignKey(
                        name: "fk_alert_rules_environments_environment_id",
                        column: x => x.environment_id,
                        principalTable: "environments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_alert_rules_rule_documents_document_id",
                        column: x => x.document_id,
                        principalTable: "rule_documents",
                        principalColumn: "id");
                });

            migrationBuilder.CreateTable(
                name: "notification_channels",
                columns: table => new
                {
                    id = table.Column<int>(type: "integer", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    environment_id = table.Column<int>(type: "integer", nullable: false),
                    receiver = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    kind = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    ordinal = table.Column<int>(type: "integer", nullable: false),
                    target = table.Column<string>(type: "text", nullable: false),
                    send_resolved = table.Column<bool>(type: "boolean", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    server_seen_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    deleted_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    xmin = table.Column<uint>(type: "xid", rowVersion: true, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_notification_channels", x => x.id);
                    table.ForeignKey(
                        name: "fk_notification_channels_environments_environment_id",
                        column: x => x.environment_id,
                        principalTable: "environments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "services",
                columns: table => new
                {
                    id = table.Column<int>(type: "integer", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    environment_id = table.Column<int>(type: "integer", nullable: false),
                    name = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    origin = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    tier = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    team = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: true),
                    description = table.Column<string>(type: "text", nullable: true),
                    matchers = table.Column<string>(type: "jsonb", nullable: false),
                    runbook_url = table.Column<string>(type: "text", nullable: true),
                    grafana_dashboard = table.Column<string>(type: "text", nullable: true),
                    loki_selector = table.Column<string>(type: "text", nullable: true),
                    jaeger_service = table.Column<string>(type: "text", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    last_seen_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    edited_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    edited_by = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: true),
                    xmin = table.Column<uint>(type: "xid", rowVersion: true, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_services", x => x.id);
                    table.ForeignKey(
                        name: "fk_services_environments_environment_id",
                        column: x => x.environment_id,
                        principalTable: "environments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "watches",
                columns: table => new
                {
                    id = table.Column<int>(type: "integer", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    environment_id = table.Column<int>(type: "integer", nullable: false),
                    name = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    template = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    query = table.Column<string>(type: "text", nullable: false),
                    signal = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    unit = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    step = table.Column<TimeSpan>(type: "interval", nullable: false),
                    interesting = table.Column<string>(type: "character varying(8)", maxLength: 8, nullable: false),
                    sensitivity = table.Column<double>(type: "double precision", nullable: false),
                    origin = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    enabled = table.Column<bool>(type: "boolean", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    edited_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    edited_by = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: true),
                    scanned_to = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    fitted_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    unchecked_since = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    unchecked_reason = table.Column<string>(type: "text", nullable: true),
                    xmin = table.Column<uint>(type: "xid", rowVersion: true, nullable: false),
                    forecast_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    judged_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    limit = table.Column<double>(type: "double precision", nullable: true),
                    limit_side = table.Column<string>(type: "character varying(8)", maxLength: 8, nullable: false, defaultValue: "Ceiling"),
                    volume_query = table.Column<string>(type: "text", nullable: true),
                    last_scan_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_watches", x => x.id);
                    table.CheckConstraint("ck_watches_sensitivity", "sensitivity >= 0 AND sensitivity <= 1");
                    table.CheckConstraint("ck_watches_step", "step >= interval '1 second'");
                    table.ForeignKey(
                        name: "fk_watches_environments_environment_id",
                        column: x => x.environment_id,
                        principalTable: "environments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "role_claims",
                columns: table => new
                {
                    id = table.Column<int>(type: "integer", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    role_id = table.Column<Guid>(type: "uuid", nullable: false),
                    claim_type = table.Column<string>(type: "text", nullable: true),
                    claim_value = table.Column<string>(type: "text", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_role_claims", x => x.id);
                    table.ForeignKey(
                        name: "fk_role_claims_roles_role_id",
                        column: x => x.role_id,
                        principalTable: "roles",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "api_tokens",
                columns: table => new
                {
                    id = table.Column<int>(type: "integer", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    name = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    owner_id = table.Column<Guid>(type: "uuid", nullable: false),
                    hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    prefix = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    role = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    last_used_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    revoked_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_api_tokens", x => x.id);
                    table.ForeignKey(
                        name: "fk_api_tokens_users_owner_id",
                        column: x => x.owner_id,
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "user_claims",
                columns: table => new
                {
                    id = table.Column<int>(type: "integer", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    claim_type = table.Column<string>(type: "text", nullable: true),
                    claim_value = table.Column<string>(type: "text", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_user_claims", x => x.id);
                    table.ForeignKey(
                        name: "fk_user_claims_users_user_id",
                        column: x => x.user_id,
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "user_logins",
                columns: table => new
                {
                    login_provider = table.Column<string>(type: "text", nullable: false),
                    provider_key = table.Column<string>(type: "text", nullable: false),
                    provider_display_name = table.Column<string>(type: "text", nullable: true),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_user_logins", x => new { x.login_provider, x.provider_key });
                    table.ForeignKey(
                        name: "fk_user_logins_users_user_id",
                        column: x => x.user_id,
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "user_roles",
                columns: table => new
                {
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    role_id = table.Column<Guid>(type: "uuid", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_user_roles", x => new { x.user_id, x.role_id });
                    table.ForeignKey(
                        name: "fk_user_roles_roles_role_id",
                        column: x => x.role_id,
                        principalTable: "roles",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_user_roles_users_user_id",
                        column: x => x.user_id,
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "user_tokens",
                columns: table => new
                {
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    login_provider = table.Column<string>(type: "text", nullable: false),
                    name = table.Column<string>(type: "text", nullable: false),
                    value = table.Column<string>(type: "text", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_user_tokens", x => new { x.user_id, x.login_provider, x.name });
                    table.ForeignKey(
                        name: "fk_user_tokens_users_user_id",
                        column: x => x.user_id,
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "alert_rule_versions",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    rule_id = table.Column<int>(type: "integer", nullable: false),
                    number = table.Column<int>(type: "integer", nullable: false),
                    expression = table.Column<string>(type: "text", nullable: false),
                    @for = table.Column<TimeSpan>(name: "for", type: "interval", nullable: false),
                    keep_firing_for = table.Column<TimeSpan>(type: "interval", nullable: false),
                    labels = table.Column<string>(type: "jsonb", nullable: false),
                    annotations = table.Column<string>(type: "jsonb", nullable: false),
                    interval = table.Column<TimeSpan>(type: "interval", nullable: true),
                    author = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    reason = table.Column<string>(type: "text", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_alert_rule_versions", x => x.id);
                    table.ForeignKey(
                        name: "fk_alert_rule_versions_alert_rules_rule_id",
                        column: x => x.rule_id,
                        principalTable: "alert_rules",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "service_dependencies",
                columns: table => new
                {
                    caller_id = table.Column<int>(type: "integer", nullable: false),
                    callee_id = table.Column<int>(type: "integer", nullable: false),
                    origin = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_service_dependencies", x => new { x.caller_id, x.callee_id });
                    table.CheckConstraint("ck_service_dependencies_not_itself", "caller_id <> callee_id");
                    table.ForeignKey(
                        name: "fk_service_dependencies_services_callee_id",
                        column: x => x.callee_id,
                        principalTable: "services",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_service_dependencies_services_caller_id",
                        column: x => x.caller_id,
                        principalTable: "services",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            // EF Core cannot say PARTITION BY. The default partition keeps rows whose month has no partition of its own.
            migrationBuilder.Sql(
                """
                CREATE TABLE unchecked_spans (
                    id bigint NOT NULL DEFAULT (nextval('unchecked_span_ids')),
                    "from" timestamp with time zone NOT NULL,
                    environment_id integer NOT NULL,
                    watch_id integer NOT NULL,
                    "to" timestamp with time zone NOT NULL,
                    reason text NOT NULL,
                    caught_up_at timestamp with time zone,
                    CONSTRAINT pk_unchecked_spans PRIMARY KEY (id, "from"),
                    CONSTRAINT fk_unchecked_spans_environments_environment_id FOREIGN KEY (environment_id) REFERENCES environments (id) ON DELETE CASCADE,
                    CONSTRAINT fk_unchecked_spans_watches_watch_id FOREIGN KEY (watch_id) REFERENCES watches (id) ON DELETE CASCADE
                ) PARTITION BY RANGE ("from");
                CREATE TABLE unchecked_spans_default PARTITION OF unchecked_spans DEFAULT;
                """);

            migrationBuilder.CreateTable(
                name: "watched_series",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    environment_id = table.Column<int>(type: "integer", nullable: false),
                    watch_id = table.Column<int>(type: "integer", nullable: false),
                    service_id = table.Column<int>(type: "integer", nullable: true),
                    labels_key = table.Column<string>(type: "text", nullable: false),
                    labels = table.Column<string>(type: "jsonb", nullable: false),
                    model = table.Column<byte[]>(type: "bytea", nullable: true),
                    model_version = table.Column<int>(type: "integer", nullable: false),
                    fitted_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    fitted_samples = table.Column<int>(type: "integer", nullable: false),
                    last_sample_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    last_value = table.Column<double>(type: "double precision", nullable: true),
                    expected_lower = table.Column<double>(type: "double precision", nullable: true),
                    expected_upper = table.Column<double>(type: "double precision", nullable: true),
                    recent = table.Column<double[]>(type: "double precision[]", nullable: false),
                    guarded = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_watched_series", x => x.id);
                    table.ForeignKey(
                        name: "fk_watched_series_environments_environment_id",
                        column: x => x.environment_id,
                        principalTable: "environments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_watched_series_services_service_id",
                        column: x => x.service_id,
                        principalTable: "services",
                        principalColumn: "id",
                        onDelete: ReferentialAction.SetNull);
                    table.ForeignKey(
                        name: "fk_watched_series_watches_watch_id",
                        column: x => x.watch_id,
                        principalTable: "watches",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            // EF Core cannot say PARTITION BY. The default partition keeps rows whose month has no partition of its own.
            migrationBuilder.Sql(
                """
                CREATE TABLE anomalies (
                    id bigint NOT NULL DEFAULT (nextval('anomaly_ids')),
                    started_at timestamp with time zone NOT NULL,
                    environment_id integer NOT NULL,
                    watch_id integer NOT NULL,
                    series_id bigint NOT NULL,
                    service_id integer,
                    ended_at timestamp with time zone,
                    last_seen_at timestamp with time zone NOT NULL,
                    direction character varying(8) NOT NULL,
                    score double precision NOT NULL,
                    confidence double precision NOT NULL,
                    value double precision NOT NULL,
                    expected double precision NOT NULL,
                    expected_lower double precision NOT NULL,
                    expected_upper double precision NOT NULL,
                    peak_value double precision NOT NULL,
                    peak_deviation double precision NOT NULL,
                    season character varying(16) NOT NULL,
                    fitted_samples integer NOT NULL,
                    samples_outside integer NOT NULL,
                    verdict character varying(16),
                    verdict_by character varying(256),
                    verdict_at timestamp with time zone,
                    explanation character varying(512) DEFAULT '' NOT NULL,
                    votes jsonb DEFAULT '[]'::jsonb NOT NULL,
                    CONSTRAINT pk_anomalies PRIMARY KEY (id, started_at),
                    CONSTRAINT ck_anomalies_probabilities CHECK (score >= 0 AND score <= 1 AND confidence >= 0 AND confidence <= 1),
                    CONSTRAINT fk_anomalies_environments_environment_id FOREIGN KEY (environment_id) REFERENCES environments (id) ON DELETE CASCADE,
                    CONSTRAINT fk_anomalies_services_service_id FOREIGN KEY (service_id) REFERENCES services (id) ON DELETE SET NULL,
                    CONSTRAINT fk_anomalies_watched_series_series_id FOREIGN KEY (series_id) REFERENCES watched_series (id) ON DELETE CASCADE,
                    CONSTRAINT fk_anomalies_watches_watch_id FOREIGN KEY (watch_id) REFERENCES watches (id) ON DELETE CASCADE
                ) PARTITION BY RANGE (started_at);
                CREATE TABLE anomalies_default PARTITION OF anomalies DEFAULT;
                """);

            migrationBuilder.CreateTable(
                name: "incidents",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    environment_id = table.Column<int>(type: "integer", nullable: false),
                    opened_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    changed_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    resolved_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    merged_into_id = table.Column<long>(type: "bigint", nullable: true),
                    title = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    fingerprint = table.Column<string>(type: "text", nullable: false),
                    hypotheses = table.Column<string>(type: "jsonb", nullable: false),
                    abstained = table.Column<string>(type: "character varying(512)", maxLength: 512, nullable: true),
                    ranked_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_incidents", x => x.id);
                    table.ForeignKey(
                        name: "fk_incidents_environments_environment_id",
                        column: x => x.environment_id,
                        principalTable: "environments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_incidents_incidents_merged_into_id",
                        column: x => x.merged_into_id,
                        principalTable: "incidents",
                        principalColumn: "id",
                        onDelete: ReferentialAction.SetNull);
                });

            migrationBuilder.CreateTable(
                name: "predictions",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    environment_id = table.Column<int>(type: "integer", nullable: false),
                    watch_id = table.Column<int>(type: "integer", nullable: false),
                    series_id = table.Column<long>(type: "bigint", nullable: false),
                    service_id = table.Column<int>(type: "integer", nullable: true),
                    kind = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    made_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    limit = table.Column<double>(type: "double precision", nullable: false),
                    reached_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    reached_earliest = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    reached_latest = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    outcome = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    settled_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    alerted = table.Column<bool>(type: "boolean", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_predictions", x => x.id);
                    table.ForeignKey(
                        name: "fk_predictions_environments_environment_id",
                        column: x => x.environment_id,
                        principalTable: "environments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_predictions_services_service_id",
                        column: x => x.service_id,
                        principalTable: "services",
                        principalColumn: "id",
                        onDelete: ReferentialAction.SetNull);
                    table.ForeignKey(
                        name: "fk_predictions_watched_series_series_id",
                        column: x => x.series_id,
                        principalTable: "watched_series",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_predictions_watches_watch_id",
                        column: x => x.watch_id,
                        principalTable: "watches",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "series_forecasts",
                columns: table => new
                {
                    series_id = table.Column<long>(type: "bigint", nullable: false),
                    environment_id = table.Column<int>(type: "integer", nullable: false),
                    watch_id = table.Column<int>(type: "integer", nullable: false),
                    service_id = table.Column<int>(type: "integer", nullable: true),
                    made_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    value = table.Column<double>(type: "double precision", nullable: false),
                    step = table.Column<TimeSpan>(type: "interval", nullable: false),
                    median = table.Column<double[]>(type: "double precision[]", nullable: false),
                    lower = table.Column<double[]>(type: "double precision[]", nullable: false),
                    upper = table.Column<double[]>(type: "double precision[]", nullable: false),
                    past_error = table.Column<double>(type: "double precision", nullable: true),
                    past_forecasts = table.Column<int>(type: "integer", nullable: false),
                    per_day = table.Column<double>(type: "double precision", nullable: true),
                    limit = table.Column<double>(type: "double precision", nullable: true),
                    reached_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    reached_earliest = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    reached_latest = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    probability = table.Column<double>(type: "double precision", nullable: true),
                    outlook = table.Column<string>(type: "character varying(512)", maxLength: 512, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_series_forecasts", x => x.series_id);
                    table.ForeignKey(
                        name: "fk_series_forecasts_environments_environment_id",
                        column: x => x.environment_id,
                        principalTable: "environments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_series_forecasts_services_service_id",
                        column: x => x.service_id,
                        principalTable: "services",
                        principalColumn: "id",
                        onDelete: ReferentialAction.SetNull);
                    table.ForeignKey(
                        name: "fk_series_forecasts_watched_series_series_id",
                        column: x => x.series_id,
                        principalTable: "watched_series",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_series_forecasts_watches_watch_id",
                        column: x => x.watch_id,
                        principalTable: "watches",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "incident_members",
                columns: table => new
                {
                    kind = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    key = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    incident_id = table.Column<long>(type: "bigint", nullable: false),
                    title = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    service_id = table.Column<int>(type: "integer", nullable: true),
                    started_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    ended_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    reason = table.Column<string>(type: "character varying(512)", maxLength: 512, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_incident_members", x => new { x.kind, x.key });
                    table.ForeignKey(
                        name: "fk_incident_members_incidents_incident_id",
                        column: x => x.incident_id,
                        principalTable: "incidents",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_incident_members_services_service_id",
                        column: x => x.service_id,
                        principalTable: "services",
                        principalColumn: "id",
                        onDelete: ReferentialAction.SetNull);
                });

            migrationBuilder.CreateTable(
                name: "rule_applies",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    environment_id = table.Column<int>(type: "integer", nullable: false),
                    author = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    stage = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    files = table.Column<string>(type: "jsonb", nullable: false),
                    message = table.Column<string>(type: "text", nullable: true),
                    started_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    changed_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    ended_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_rule_applies", x => x.id);
                    table.ForeignKey(
                        name: "fk_rule_applies_environments_environment_id",
                        column: x => x.environment_id,
                        principalTable: "environments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "rule_document_versions",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    document_id = table.Column<int>(type: "integer", nullable: false),
                    number = table.Column<int>(type: "integer", nullable: false),
                    content = table.Column<byte[]>(type: "bytea", nullable: false),
                    tests = table.Column<string>(type: "text", nullable: false),
                    author = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    reason = table.Column<string>(type: "text", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_rule_document_versions", x => x.id);
                    table.ForeignKey(
                        name: "fk_rule_document_versions_rule_documents_document_id",
                        column: x => x.document_id,
                        principalTable: "rule_documents",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "alert_responses",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    environment_id = table.Column<int>(type: "integer", nullable: false),
                    alert_name = table.Column<string>(type: "text", nullable: false),
                    fingerprint = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    started_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    rule_id = table.Column<int>(type: "integer", nullable: true),
                    kind = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    by = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_alert_responses", x => x.id);
                    table.ForeignKey(
                        name: "fk_alert_responses_alert_rules_rule_id",
                        column: x => x.rule_id,
                        principalTable: "alert_rules",
                        principalColumn: "id",
                        onDelete: ReferentialAction.SetNull);
                    table.ForeignKey(
                        name: "fk_alert_responses_environments_environment_id",
                        column: x => x.environment_id,
                        principalTable: "environments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "sessions",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    role = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    security_stamp = table.Column<string>(type: "text", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    last_used_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    ended_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    end_reason = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: true),
                    new_role = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_sessions", x => x.id);
                });

            migrationBuilder.InsertData(
                table: "environments",
                columns: new[] { "id", "created_at", "name" },
                values: new object[] { 1, new DateTimeOffset(new DateTime(2026, 1, 1, 0, 0, 0, 0, DateTimeKind.Unspecified), new TimeSpan(0, 0, 0, 0, 0)), "local" });

            migrationBuilder.CreateIndex(
                name: "ix_alert_responses_environment_id_fingerprint_started_at_kind",
                table: "alert_responses",
                columns: new[] { "environment_id", "fingerprint", "started_at", "kind" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_alert_responses_environment_id_started_at",
                table: "alert_responses",
                columns: new[] { "environment_id", "started_at" });

            migrationBuilder.CreateIndex(
                name: "ix_alert_responses_rule_id",
                table: "alert_responses",
                column: "rule_id");

            migrationBuilder.CreateIndex(
                name: "ix_alert_rule_versions_rule_id_number",
                table: "alert_rule_versions",
                columns: new[] { "rule_id", "number" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_alert_rules_document_id",
                table: "alert_rules",
                column: "document_id");

            migrationBuilder.CreateIndex(
                name: "ix_alert_rules_environment_id_file_group_name_ordinal",
                table: "alert_rules",
                columns: new[] { "environment_id", "file", "group", "name", "ordinal" },
                unique: true,
                filter: "deleted_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_anomalies_environment_id_ended_at",
                table: "anomalies",
                columns: new[] { "environment_id", "ended_at" });

            migrationBuilder.CreateIndex(
                name: "ix_anomalies_open",
                table: "anomalies",
                columns: new[] { "environment_id", "started_at" },
                filter: "ended_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_anomalies_series_id",
                table: "anomalies",
                column: "series_id");

            migrationBuilder.CreateIndex(
                name: "ix_anomalies_service_id_started_at",
                table: "anomalies",
                columns: new[] { "service_id", "started_at" });

            migrationBuilder.CreateIndex(
                name: "ix_anomalies_watch_id_series_id_started_at",
                table: "anomalies",
                columns: new[] { "watch_id", "series_id", "started_at" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_api_tokens_hash",
                table: "api_tokens",
                column: "hash",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_api_tokens_owner_id",
                table: "api_tokens",
                column: "owner_id");

            migrationBuilder.CreateIndex(
                name: "ix_audit_entries_actor_at",
                table: "audit_entries",
                columns: new[] { "actor", "at" });

            migrationBuilder.CreateIndex(
                name: "ix_audit_entries_at",
                table: "audit_entries",
                column: "at");

            migrationBuilder.CreateIndex(
                name: "ix_environments_name",
                table: "environments",
                column: "name",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_incident_members_incident_id",
                table: "incident_members",
                column: "incident_id");

            migrationBuilder.CreateIndex(
                name: "ix_incident_members_service_id",
                table: "incident_members",
                column: "service_id");

            migrationBuilder.CreateIndex(
                name: "ix_incidents_environment_id_opened_at",
                table: "incidents",
                columns: new[] { "environment_id", "opened_at" });

            migrationBuilder.CreateIndex(
                name: "ix_incidents_merged_into_id",
                table: "incidents",
                column: "merged_into_id");

            migrationBuilder.CreateIndex(
                name: "ix_incidents_open",
                table: "incidents",
                column: "environment_id",
                filter: "resolved_at IS NULL AND merged_into_id IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_notification_channels_environment_id_receiver_kind_ordinal",
                table: "notification_channels",
                columns: new[] { "environment_id", "receiver", "kind", "ordinal" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_predictions_environment_id_made_at",
                table: "predictions",
                columns: new[] { "environment_id", "made_at" });

            migrationBuilder.CreateIndex(
                name: "ix_predictions_open",
                table: "predictions",
                columns: new[] { "series_id", "kind" },
                unique: true,
                filter: "outcome = 'Open'");

            migrationBuilder.CreateIndex(
                name: "ix_predictions_service_id",
                table: "predictions",
                column: "service_id");

            migrationBuilder.CreateIndex(
                name: "ix_predictions_watch_id",
                table: "predictions",
                column: "watch_id");

            migrationBuilder.CreateIndex(
                name: "ix_role_claims_role_id",
                table: "role_claims",
                column: "role_id");

            migrationBuilder.CreateIndex(
                name: "RoleNameIndex",
                table: "roles",
                column: "normalized_name",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_rule_applies_environment_id",
                table: "rule_applies",
                column: "environment_id",
                unique: true,
                filter: "ended_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_rule_document_versions_document_id_number",
                table: "rule_document_versions",
                columns: new[] { "document_id", "number" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_rule_documents_environment_id_name",
                table: "rule_documents",
                columns: new[] { "environment_id", "name" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_series_forecasts_environment_id_reached_at",
                table: "series_forecasts",
                columns: new[] { "environment_id", "reached_at" });

            migrationBuilder.CreateIndex(
                name: "ix_series_forecasts_service_id",
                table: "series_forecasts",
                column: "service_id");

            migrationBuilder.CreateIndex(
                name: "ix_series_forecasts_watch_id",
                table: "series_forecasts",
                column: "watch_id");

            migrationBuilder.CreateIndex(
                name: "ix_service_dependencies_callee_id",
                table: "service_dependencies",
                column: "callee_id");

            migrationBuilder.CreateIndex(
                name: "ix_services_environment_id_name",
                table: "services",
                columns: new[] { "environment_id", "name" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_sessions_expires_at",
                table: "sessions",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "ix_sessions_user_id",
                table: "sessions",
                column: "user_id");

            migrationBuilder.CreateIndex(
                name: "ix_unchecked_spans_environment_id",
                table: "unchecked_spans",
                column: "environment_id");

            migrationBuilder.CreateIndex(
                name: "ix_unchecked_spans_watch_id_from",
                table: "unchecked_spans",
                columns: new[] { "watch_id", "from" });

            migrationBuilder.CreateIndex(
                name: "ix_user_claims_user_id",
                table: "user_claims",
                column: "user_id");

            migrationBuilder.CreateIndex(
                name: "ix_user_logins_user_id",
                table: "user_logins",
                column: "user_id");

            migrationBuilder.CreateIndex(
                name: "ix_user_roles_role_id",
                table: "user_roles",
                column: "role_id");

            migrationBuilder.CreateIndex(
                name: "EmailIndex",
                table: "users",
                column: "normalized_email");

            migrationBuilder.CreateIndex(
                name: "UserNameIndex",
                table: "users",
                column: "normalized_user_name",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_watched_series_environment_id",
                table: "watched_series",
                column: "environment_id");

            migrationBuilder.CreateIndex(
                name: "ix_watched_series_service_id",
                table: "watched_series",
                column: "service_id");

            migrationBuilder.CreateIndex(
                name: "ix_watched_series_watch_id_labels_key",
                table: "watched_series",
                columns: new[] { "watch_id", "labels_key" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_watches_environment_id_template",
                table: "watches",
                columns: new[] { "environment_id", "template" },
                unique: true);

            // What the console itself does has no user, and no limit.
            migrationBuilder.Sql(
                """
                CREATE FUNCTION refuse_too_many_changes() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF EXISTS (SELECT 1 FROM users WHERE user_name = NEW.actor)
                        AND (SELECT count(*) FROM audit_entries WHERE actor = NEW.actor AND at > NEW.at - interval '24 hours') >= 5000 THEN
                        RAISE EXCEPTION 'You made 5,000 changes within 24 hours, the most that one user may make. Try again later.' USING ERRCODE = 'AR001';
                    END IF;
                    RETURN NEW;
                END $$;
                CREATE TRIGGER user_limit BEFORE INSERT ON audit_entries FOR EACH ROW EXECUTE FUNCTION refuse_too_many_changes();

                CREATE FUNCTION refuse_too_many_responses() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF (SELECT count(*) FROM alert_responses WHERE "by" = NEW."by" AND at > NEW.at - interval '30 days') >= 10000 THEN
                        RAISE EXCEPTION 'You gave 10,000 responses to alerts within 30 days, the most that one user may give. Withdraw some first.' USING ERRCODE = 'AR001';
                    END IF;
                    RETURN NEW;
                END $$;
                CREATE TRIGGER user_limit BEFORE INSERT ON alert_responses FOR EACH ROW EXECUTE FUNCTION refuse_too_many_responses();
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "sessions");

            migrationBuilder.DropTable(
                name: "alert_responses");

            migrationBuilder.DropTable(
                name: "rule_document_versions");

            migrationBuilder.DropTable(
                name: "rule_applies");

            migrationBuilder.DropTable(
                name: "incident_members");

            migrationBuilder.DropTable(
                name: "series_forecasts");

            migrationBuilder.DropTable(
                name: "predictions");

            migrationBuilder.DropTable(
                name: "incidents");

            migrationBuilder.DropTable(
                name: "anomalies");

            migrationBuilder.DropTable(
                name: "watched_series");

            migrationBuilder.DropTable(
                name: "unchecked_spans");

            migrationBuilder.DropTable(
                name: "service_dependencies");

            migrationBuilder.DropTable(
                name: "alert_rule_versions");

            migrationBuilder.DropTable(
                name: "user_tokens");

            migrationBuilder.DropTable(
                name: "user_roles");

            migrationBuilder.DropTable(
                name: "user_logins");

            migrationBuilder.DropTable(
                name: "user_claims");

            migrationBuilder.DropTable(
                name: "api_tokens");

            migrationBuilder.DropTable(
                name: "role_claims");

            migrationBuilder.DropTable(
                name: "watches");

            migrationBuilder.DropTable(
                name: "services");

            migrationBuilder.DropTable(
                name: "notification_channels");

            migrationBuilder.DropTable(
                name: "alert_rules");

            migrationBuilder.DropTable(
                name: "rule_documents");

            migrationBuilder.DropTable(
                name: "users");

            migrationBuilder.DropTable(
                name: "roles");

            migrationBuilder.DropTable(
                name: "environments");

            migrationBuilder.DropTable(
                name: "data_protection_keys");

            migrationBuilder.DropTable(
                name: "audit_entries");

            migrationBuilder.Sql("DROP FUNCTION refuse_too_many_changes(); DROP FUNCTION refuse_too_many_responses();");

            migrationBuilder.DropSequence(
                name: "anomaly_ids");

            migrationBuilder.DropSequence(
                name: "unchecked_span_ids");
        }
    }
}
