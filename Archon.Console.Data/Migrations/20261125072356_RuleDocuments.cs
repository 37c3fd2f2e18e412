using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Archon.Data.Migrations
{
    /// <inheritdoc />
    public partial class RuleDocuments : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_alert_rules_environment_id_file_group_name_ordinal",
                table: "alert_rules");

            migrationBuilder.AddColumn<int>(
                name: "document_id",
                table: "alert_rules",
                type: "integer",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "group_labels",
                table: "alert_rules",
                type: "jsonb",
                nullable: false,
                defaultValue: "{}");

            migrationBuilder.AddColumn<int>(
                name: "running_version",
                table: "alert_rules",
                type: "integer",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "served",
                table: "alert_rules",
                type: "jsonb",
                nullable: true);

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

            migrationBuilder.AddForeignKey(
                name: "fk_alert_rules_rule_documents_document_id",
                table: "alert_rules",
                column: "document_id",
                principalTable: "rule_documents",
                principalColumn: "id");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropForeignKey(
                name: "fk_alert_rules_rule_documents_document_id",
                table: "alert_rules");

            migrationBuilder.DropTable(
                name: "rule_applies");

            migrationBuilder.DropTable(
                name: "rule_document_versions");

            migrationBuilder.DropTable(
                name: "rule_documents");

            migrationBuilder.DropIndex(
                name: "ix_alert_rules_document_id",
                table: "alert_rules");

            migrationBuilder.DropIndex(
                name: "ix_alert_rules_environment_id_file_group_name_ordinal",
                table: "alert_rules");

            migrationBuilder.DropColumn(
                name: "document_id",
                table: "alert_rules");

            migrationBuilder.DropColumn(
                name: "group_labels",
                table: "alert_rules");

            migrationBuilder.DropColumn(
                name: "running_version",
                table: "alert_rules");

            migrationBuilder.DropColumn(
                name: "served",
                table: "alert_rules");

            migrationBuilder.CreateIndex(
                name: "ix_alert_rules_environment_id_file_group_name_ordinal",
                table: "alert_rules",
                columns: new[] { "environment_id", "file", "group", "name", "ordinal" },
                unique: true);
        }
    }
}
