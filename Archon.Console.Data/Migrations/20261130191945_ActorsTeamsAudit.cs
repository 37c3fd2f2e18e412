using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Archon.Data.Migrations
{
    /// <inheritdoc />
    public partial class ActorsTeamsAudit : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "contact",
                table: "users",
                type: "character varying(256)",
                maxLength: 256,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "time_zone",
                table: "users",
                type: "character varying(64)",
                maxLength: 64,
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "team_id",
                table: "services",
                type: "integer",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "actor_id",
                table: "audit_entries",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "changes",
                table: "audit_entries",
                type: "json",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "environment_id",
                table: "audit_entries",
                type: "integer",
                nullable: true);

            migrationBuilder.AddColumn<byte[]>(
                name: "hash",
                table: "audit_entries",
                type: "bytea",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "refusals",
                table: "audit_entries",
                type: "integer",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "refused_last_at",
                table: "audit_entries",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "subject_name",
                table: "audit_entries",
                type: "character varying(256)",
                maxLength: 256,
                nullable: true);

            migrationBuilder.AlterColumn<Guid>(
                name: "owner_id",
                table: "api_tokens",
                type: "uuid",
                nullable: true,
                oldClrType: typeof(Guid),
                oldType: "uuid");

            migrationBuilder.AddColumn<string[]>(
                name: "scopes",
                table: "api_tokens",
                type: "text[]",
                nullable: false,
                defaultValue: new string[0]);

            migrationBuilder.CreateTable(
                name: "audit_chain",
                columns: table => new
                {
                    id = table.Column<short>(type: "smallint", nullable: false),
                    start_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    hash = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_audit_chain", x => x.id);
                    table.CheckConstraint("ck_audit_chain_one_row", "id = 1");
                });

            migrationBuilder.CreateTable(
                name: "role_permissions",
                columns: table => new
                {
                    role = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    permission = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    reach = table.Column<string>(type: "character varying(8)", maxLength: 8, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_role_permissions", x => new { x.role, x.permission });
                });

            migrationBuilder.CreateTable(
                name: "teams",
                columns: table => new
                {
                    id = table.Column<int>(type: "integer", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    name = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_teams", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "team_members",
                columns: table => new
                {
                    team_id = table.Column<int>(type: "integer", nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_team_members", x => new { x.team_id, x.user_id });
                    table.ForeignKey(
                        name: "fk_team_members_teams_team_id",
                        column: x => x.team_id,
                        principalTable: "teams",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_team_members_users_user_id",
                        column: x => x.user_id,
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.InsertData(
                table: "audit_chain",
                columns: new[] { "id", "hash", "start_hash" },
                values: new object[] { (short)1, new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 } });

            migrationBuilder.CreateIndex(
                name: "ix_services_team_id",
                table: "services",
                column: "team_id");

            migrationBuilder.CreateIndex(
                name: "ix_team_members_user_id",
                table: "team_members",
                column: "user_id");

            migrationBuilder.CreateIndex(
                name: "ix_teams_name",
                table: "teams",
                column: "name",
                unique: true);

            migrationBuilder.AddForeignKey(
                name: "fk_services_teams_team_id",
                table: "services",
                column: "team_id",
                principalTable: "teams",
                principalColumn: "id",
                onDelete: ReferentialAction.SetNull);

            // Services name their team in a text; a console of the version before writes only that. The database makes the team it names, and keeps both in
            // step. What is there becomes teams by the update at the end.
            migrationBuilder.Sql(
                """
                CREATE FUNCTION set_team_of_service() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF NEW.team IS NULL THEN
                        NEW.team_id := NULL;
                    ELSE
                        INSERT INTO teams (name, created_at) VALUES (NEW.team, now()) ON CONFLICT (name) DO NOTHING;
                        SELECT id INTO NEW.team_id FROM teams WHERE name = NEW.team;
                    END IF;
                    RETURN NEW;
                END $$;
                CREATE TRIGGER team BEFORE INSERT OR UPDATE OF team ON services FOR EACH ROW EXECUTE FUNCTION set_team_of_service();

                CREATE FUNCTION rename_team_of_services() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    UPDATE services SET team = NEW.name WHERE team_id = NEW.id AND team IS DISTINCT FROM NEW.name;
                    RETURN NULL;
                END $$;
                CREATE TRIGGER services AFTER UPDATE OF name ON teams FOR EACH ROW EXECUTE FUNCTION rename_team_of_services();

                CREATE FUNCTION clear_team_of_services() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    UPDATE services SET team = NULL WHERE team_id = OLD.id;
                    RETURN OLD;
                END $$;
                CREATE TRIGGER removed BEFORE DELETE ON teams FOR EACH ROW EXECUTE FUNCTION clear_team_of_services();

                UPDATE services SET team = NULL WHERE btrim(team) = '';
                UPDATE services SET team = btrim(team) WHERE team IS NOT NULL;
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql(
                """
                DROP TRIGGER team ON services;
                DROP TRIGGER services ON teams;
                DROP TRIGGER removed ON teams;
                DROP FUNCTION set_team_of_service();
                DROP FUNCTION rename_team_of_services();
                DROP FUNCTION clear_team_of_services();
                DELETE FROM api_tokens WHERE owner_id IS NULL;
                """);

            migrationBuilder.DropForeignKey(
                name: "fk_services_teams_team_id",
                table: "services");

            migrationBuilder.DropTable(
                name: "audit_chain");

            migrationBuilder.DropTable(
                name: "role_permissions");

            migrationBuilder.DropTable(
                name: "team_members");

            migrationBuilder.DropTable(
                name: "teams");

            migrationBuilder.DropIndex(
                name: "ix_services_team_id",
                table: "services");

            migrationBuilder.DropColumn(
                name: "contact",
                table: "users");

            migrationBuilder.DropColumn(
                name: "time_zone",
                table: "users");

            migrationBuilder.DropColumn(
                name: "team_id",
                table: "services");

            migrationBuilder.DropColumn(
                name: "actor_id",
                table: "audit_entries");

            migrationBuilder.DropColumn(
                name: "changes",
                table: "audit_entries");

            migrationBuilder.DropColumn(
                name: "environment_id",
                table: "audit_entries");

            migrationBuilder.DropColumn(
                name: "hash",
                table: "audit_entries");

            migrationBuilder.DropColumn(
                name: "refusals",
                table: "audit_entries");

            migrationBuilder.DropColumn(
                name: "refused_last_at",
                table: "audit_entries");

            migrationBuilder.DropColumn(
                name: "subject_name",
                table: "audit_entries");

            migrationBuilder.DropColumn(
                name: "scopes",
                table: "api_tokens");

            migrationBuilder.AlterColumn<Guid>(
                name: "owner_id",
                table: "api_tokens",
                type: "uuid",
                nullable: false,
                defaultValue: new Guid("00000000-0000-0000-0000-000000000000"),
                oldClrType: typeof(Guid),
                oldType: "uuid",
                oldNullable: true);
        }
    }
}
