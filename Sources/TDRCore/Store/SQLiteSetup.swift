import CSQLite

/// How SQLite is to be in this process.
enum SQLiteSetup {
    /// Takes effect when it is first used, if that is before the first database is opened.
    ///
    /// SQLite counts the bytes that it has, for which nobody here asks, under one lock for all connections. A thread that
    /// stands back behind all others, as those of checks do in a server, would hold up every query with it.
    static let once: Void = { _ = tdr_sqlite_counts_no_memory() }()
}
