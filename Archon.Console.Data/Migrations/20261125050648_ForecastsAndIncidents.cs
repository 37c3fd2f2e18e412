using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Archon.Data.Migrations
{
    /// <inheritdoc />
    public partial class ForecastsAndIncidents : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "forecast_at",
                table: "watches",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "judged_at",
                table: "watches",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<double>(
                name: "limit",
                table: "watches",
                type: "double precision",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "limit_side",
                table: "watches",
                type: "character varying(8)",
                maxLength: 8,
                nullable: false,
                defaultValue: "Ceiling");

            migrationBuilder.AddColumn<string>(
                name: "volume_query",
                table: "watches",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "guarded",
                table: "watched_series",
                type: "character varying(256)",
                maxLength: 256,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "explanation",
                table: "anomalies",
                type: "character varying(512)",
                maxLength: 512,
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "votes",
                table: "anomalies",
                type: "jsonb",
                nullable: false,
                defaultValue: "[]");

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
                    fingerprint = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
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
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "incident_members");

            migrationBuilder.DropTable(
                name: "predictions");

            migrationBuilder.DropTable(
                name: "series_forecasts");

            migrationBuilder.DropTable(
                name: "incidents");

            migrationBuilder.DropColumn(
                name: "forecast_at",
                table: "watches");

            migrationBuilder.DropColumn(
                name: "judged_at",
                table: "watches");

            migrationBuilder.DropColumn(
                name: "limit",
                table: "watches");

            migrationBuilder.DropColumn(
                name: "limit_side",
                table: "watches");

            migrationBuilder.DropColumn(
                name: "volume_query",
                table: "watches");

            migrationBuilder.DropColumn(
                name: "guarded",
                table: "watched_series");

            migrationBuilder.DropColumn(
                name: "explanation",
                table: "anomalies");

            migrationBuilder.DropColumn(
                name: "votes",
                table: "anomalies");
        }
    }
}
