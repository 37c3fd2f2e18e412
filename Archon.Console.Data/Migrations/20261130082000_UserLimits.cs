using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Archon.Data.Migrations
{
    /// <summary>
    /// Every change that a person makes writes an audit entry in its transaction, so a limit on those bounds what one user adds to any table. It is checked
    /// by the database: no command can forget it. The message is a sentence for that user.
    /// </summary>
    public partial class UserLimits : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateIndex(
                name: "ix_audit_entries_actor_at",
                table: "audit_entries",
                columns: new[] { "actor", "at" });

            // What the console itself does has no user, and no limit.
            migrationBuilder.Sql(
                """
                CREATE FUNCTION refuse_too_many_changes() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF EXISTS (SELECT 1 FROM users WHERE user_name = NEW.actor)
                        AND (SELECT count(*) FROM audit_entries WHERE actor = NEW.actor AND at > NEW.at - interval '24 hours') >= 5000 THEN
                        RAISE EXCEPTION 'You made 5,000 changes within 24 hours, the most that one user may make. Try again later.' USING ERRCODE = 'AR001';
                    END IF;
                    RETURN NEW;
                END $$;
                CREATE TRIGGER user_limit BEFORE INSERT ON audit_entries FOR EACH ROW EXECUTE FUNCTION refuse_too_many_changes();

                CREATE FUNCTION refuse_too_many_responses() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF (SELECT count(*) FROM alert_responses WHERE "by" = NEW."by" AND at > NEW.at - interval '30 days') >= 10000 THEN
                        RAISE EXCEPTION 'You gave 10,000 responses to alerts within 30 days, the most that one user may give. Withdraw some first.' USING ERRCODE = 'AR001';
                    END IF;
                    RETURN NEW;
                END $$;
                CREATE TRIGGER user_limit BEFORE INSERT ON alert_responses FOR EACH ROW EXECUTE FUNCTION refuse_too_many_responses();
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql(
                """
                DROP TRIGGER user_limit ON audit_entries;
                DROP TRIGGER user_limit ON alert_responses;
                DROP FUNCTION refuse_too_many_changes();
                DROP FUNCTION refuse_too_many_responses();
                """);

            migrationBuilder.DropIndex(
                name: "ix_audit_entries_actor_at",
                table: "audit_entries");
        }
    }
}
