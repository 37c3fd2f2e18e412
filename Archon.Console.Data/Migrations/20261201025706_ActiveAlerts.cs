using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Archon.Data.Migrations
{
    /// <inheritdoc />
    public partial class ActiveAlerts : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "active_alerts",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    environment_id = table.Column<int>(type: "integer", nullable: false),
                    fingerprint = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    name = table.Column<string>(type: "text", nullable: false),
                    rule_file = table.Column<string>(type: "text", nullable: true),
                    rule_group = table.Column<string>(type: "text", nullable: true),
                    rule_ordinal = table.Column<int>(type: "integer", nullable: false),
                    service_id = table.Column<int>(type: "integer", nullable: true),
                    team = table.Column<string>(type: "text", nullable: true),
                    severity = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    state = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    is_heartbeat = table.Column<bool>(type: "boolean", nullable: false),
                    labels = table.Column<string>(type: "jsonb", nullable: false),
                    annotations = table.Column<string>(type: "jsonb", nullable: false),
                    value = table.Column<double>(type: "double precision", nullable: true),
                    since = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    source = table.Column<string>(type: "text", nullable: false),
                    alertmanager_fingerprint = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    silenced_by = table.Column<string[]>(type: "text[]", nullable: false),
                    inhibited_by = table.Column<string[]>(type: "text[]", nullable: false),
                    receivers = table.Column<string[]>(type: "text[]", nullable: false),
                    has_receiver = table.Column<bool>(type: "boolean", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_active_alerts", x => x.id);
                    table.ForeignKey(
                        name: "fk_active_alerts_environments_environment_id",
                        column: x => x.environment_id,
                        principalTable: "environments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_active_alerts_services_service_id",
                        column: x => x.service_id,
                        principalTable: "services",
                        principalColumn: "id",
                        onDelete: ReferentialAction.SetNull);
                });

            migrationBuilder.CreateTable(
                name: "alert_polls",
                columns: table => new
                {
                    environment_id = table.Column<int>(type: "integer", nullable: false),
                    polled_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    rules_checked_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    rules_failing_since = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    rules_reason = table.Column<string>(type: "text", nullable: true),
                    alertmanager_checked_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    alertmanager_failing_since = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    alertmanager_reason = table.Column<string>(type: "text", nullable: true),
                    firing = table.Column<int>(type: "integer", nullable: false),
                    critical = table.Column<int>(type: "integer", nullable: false),
                    warning = table.Column<int>(type: "integer", nullable: false),
                    info = table.Column<int>(type: "integer", nullable: false),
                    silenced = table.Column<int>(type: "integer", nullable: false),
                    pending = table.Column<int>(type: "integer", nullable: false),
                    receivers_with_integration = table.Column<int>(type: "integer", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_alert_polls", x => x.environment_id);
                    table.ForeignKey(
                        name: "fk_alert_polls_environments_environment_id",
                        column: x => x.environment_id,
                        principalTable: "environments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_active_alerts_environment_id_fingerprint",
                table: "active_alerts",
                columns: new[] { "environment_id", "fingerprint" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_active_alerts_service_id",
                table: "active_alerts",
                column: "service_id");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "active_alerts");

            migrationBuilder.DropTable(
                name: "alert_polls");
        }
    }
}
