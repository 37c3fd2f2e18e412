using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Archon.Data.Migrations
{
    /// <inheritdoc />
    public partial class ScanAndTriageTimes : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "last_scan_at",
                table: "watches",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "triaged_at",
                table: "environments",
                type: "timestamp with time zone",
                nullable: true);

            // Until its first scan under this version, a watch counts as scanned when its samples were.
            migrationBuilder.Sql("UPDATE watches SET last_scan_at = scanned_to");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "last_scan_at",
                table: "watches");

            migrationBuilder.DropColumn(
                name: "triaged_at",
                table: "environments");
        }
    }
}
