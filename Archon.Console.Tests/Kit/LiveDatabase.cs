using Archon.Data;

namespace Archon.Tests.Kit;

internal static class LiveDatabase
{
    public static ArchonConnection Connection(TestDatabase database) => new(database.ConnectionString);

    public static ArchonDatabase Ready()
    {
        var database = new ArchonDatabase();
        database.Become(new DatabaseState.Ready());
        return database;
    }
}
