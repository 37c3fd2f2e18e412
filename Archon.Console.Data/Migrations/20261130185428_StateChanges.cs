using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Archon.Data.Migrations
{
    /// <summary>Changes of states and running consoles, and the environment in the key of incident members.</summary>
    public partial class StateChanges : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropPrimaryKey(
                name: "pk_incident_members",
                table: "incident_members");

            migrationBuilder.AddColumn<int>(
                name: "environment_id",
                table: "incident_members",
                type: "integer",
                nullable: false,
                // For rows of an older console that runs beside: it knows only the environment of the first migration.
                defaultValue: 1);

            migrationBuilder.Sql(
                "UPDATE incident_members SET environment_id = incidents.environment_id FROM incidents WHERE incidents.id = incident_id");

            migrationBuilder.AddPrimaryKey(
                name: "pk_incident_members",
                table: "incident_members",
                columns: new[] { "environment_id", "kind", "key" });

            migrationBuilder.CreateTable(
                name: "console_runs",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    host = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    process_id = table.Column<int>(type: "integer", nullable: false),
                    takes_jobs = table.Column<bool>(type: "boolean", nullable: false),
                    started_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    heartbeat_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_console_runs", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "state_changes",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    environment_id = table.Column<int>(type: "integer", nullable: true),
                    subject = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    subject_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    since = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    state = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    reason = table.Column<string>(type: "character varying(1024)", maxLength: 1024, nullable: false),
                    figures = table.Column<string>(type: "jsonb", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_state_changes", x => x.id);
                    table.CheckConstraint("ck_state_changes_environment", "(environment_id IS NULL) = (subject = 'Console')");
                    table.ForeignKey(
                        name: "fk_state_changes_environments_environment_id",
                        column: x => x.environment_id,
                        principalTable: "environments",
                        principalColumn: "id");
                });

            migrationBuilder.CreateIndex(
                name: "ix_state_changes_environment_id_at",
                table: "state_changes",
                columns: new[] { "environment_id", "at" });

            migrationBuilder.CreateIndex(
                name: "ix_state_changes_environment_id_subject_subject_id_at",
                table: "state_changes",
                columns: new[] { "environment_id", "subject", "subject_id", "at" });

            migrationBuilder.CreateIndex(
                name: "ix_state_changes_environment_id_subject_subject_id_id",
                table: "state_changes",
                columns: new[] { "environment_id", "subject", "subject_id", "id" });

            migrationBuilder.AddForeignKey(
                name: "fk_incident_members_environments_environment_id",
                table: "incident_members",
                column: "environment_id",
                principalTable: "environments",
                principalColumn: "id",
                onDelete: ReferentialAction.Cascade);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropForeignKey(
                name: "fk_incident_members_environments_environment_id",
                table: "incident_members");

            migrationBuilder.DropTable(
                name: "console_runs");

            migrationBuilder.DropTable(
                name: "state_changes");

            migrationBuilder.DropPrimaryKey(
                name: "pk_incident_members",
                table: "incident_members");

            migrationBuilder.DropColumn(
                name: "environment_id",
                table: "incident_members");

            migrationBuilder.AddPrimaryKey(
                name: "pk_incident_members",
                table: "incident_members",
                columns: new[] { "kind", "key" });
        }
    }
}
