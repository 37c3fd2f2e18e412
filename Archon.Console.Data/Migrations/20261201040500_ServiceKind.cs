using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Archon.Data.Migrations
{
    /// <inheritdoc />
    public partial class ServiceKind : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "kind",
                table: "services",
                type: "character varying(64)",
                maxLength: 64,
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "kind",
                table: "services");
        }
    }
}
