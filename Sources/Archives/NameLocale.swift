import Glibc

/// The character set that libarchive believes names to be in, set for one call on one thread.
///
/// libarchive converts names between the archive's charset and that of `LC_CTYPE`:
/// * **Writing** wants UTF-8. Then a name that is UTF-8 goes byte for byte into a plain pax `path` record. Elsewhere it
///   adds `hdrcharset=BINARY` to each non-ASCII name, which GNU tar complains about.
/// * **Reading** wants "C". In a UTF-8 locale libarchive 3.6 turns an NFD name into NFC without a word; in "C" it cannot
///   convert, says so with a warning, and hands out the bytes as they are.
///
/// `uselocale` changes the calling thread only, so the process needs no `setlocale` and no room can disturb another.
struct NameLocale: @unchecked Sendable {
    // Sendable: a locale_t is immutable after newlocale, and these live as long as the process.
    private let handle: locale_t?

    private init(named name: String) {
        // LC_CTYPE_MASK is a macro that does not import; it is defined as this shift.
        handle = newlocale(1 << LC_CTYPE, name, nil)
    }

    /// For writing. Where the system has no C.UTF-8 names still come out right, with `hdrcharset=BINARY`.
    static let writing = NameLocale(named: "C.UTF-8")

    /// For reading.
    static let reading = NameLocale(named: "C")

    /// Runs `body`, which must not suspend, with this locale on the current thread.
    func scoped<Result>(_ body: () -> Result) -> Result {
        // Of a name that it cannot convert libarchive asks `errno` why, which it does not set: what went wrong on this
        // thread long before would be taken for the reason, and ENOMEM for the end.
        errno = 0
        guard let handle else { return body() }
        let before = uselocale(handle)
        defer { uselocale(before) }
        return body()
    }
}
