using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Archon.Data.Migrations
{
    /// <inheritdoc />
    public partial class SeriesReadyAt : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "ready_at",
                table: "watched_series",
                type: "timestamp with time zone",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "ready_at",
                table: "watched_series");
        }
    }
}
