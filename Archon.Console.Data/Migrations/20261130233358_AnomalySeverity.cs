using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Archon.Data.Migrations
{
    /// <inheritdoc />
    public partial class AnomalySeverity : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "severity",
                table: "anomalies",
                type: "character varying(16)",
                maxLength: 16,
                nullable: false,
                defaultValue: "Info");

            migrationBuilder.AddColumn<string>(
                name: "severity_reason",
                table: "anomalies",
                type: "character varying(256)",
                maxLength: 256,
                nullable: true);

            // What severity followed from before it was stored: the signal and how sure the detector was.
            migrationBuilder.Sql(
                """
                UPDATE anomalies AS anomaly
                SET severity = CASE
                    WHEN anomaly.confidence >= 0.95
                        AND (watch.signal IN ('Errors', 'Duration') AND anomaly.direction = 'Up' OR watch.signal = 'Availability' AND anomaly.direction = 'Down')
                        THEN 'Critical'
                    ELSE 'Warning' END
                FROM watches AS watch
                WHERE watch.id = anomaly.watch_id AND anomaly.confidence >= 0.7
                """
            );
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "severity",
                table: "anomalies");

            migrationBuilder.DropColumn(
                name: "severity_reason",
                table: "anomalies");
        }
    }
}
