using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Archon.Data.Migrations
{
    /// <inheritdoc />
    public partial class EvidenceCounts : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "evidence_counts",
                columns: table => new
                {
                    environment_id = table.Column<int>(type: "integer", nullable: false),
                    hour = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    rarity_class = table.Column<int>(type: "integer", nullable: false),
                    series = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_evidence_counts", x => new { x.environment_id, x.hour, x.rarity_class });
                    table.ForeignKey(
                        name: "fk_evidence_counts_environments_environment_id",
                        column: x => x.environment_id,
                        principalTable: "environments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "evidence_counts");
        }
    }
}
