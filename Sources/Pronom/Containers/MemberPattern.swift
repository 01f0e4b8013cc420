/// Names of container members as container signatures write them.
///
/// A path is taken literally unless it holds `*`, `?` or the placeholder `{containerFileName}`; brackets have no
/// meaning (`[Content_Types].xml` is an ordinary name).
enum MemberPattern {
    private static let placeholder = Array("{containerFileName}".utf8)

    static func isPattern(_ path: String) -> Bool {
        path.contains("*") || path.contains("?") || path.contains("{containerFileName}")
    }

    /// Whether `name` fits. `*` and `?` stop at `/`, `**` does not.
    ///
    /// - Parameter container: the file name of the container without its extension.
    static func matches(_ pattern: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>, container: ArraySlice<UInt8>) -> Bool {
        // Where to go on after a mismatch: behind the last star, with one more byte given to it.
        var pattern = pattern
        var name = name
        var retry: (pattern: ArraySlice<UInt8>, name: ArraySlice<UInt8>, crossesSlash: Bool)?
        while true {
            if pattern.first == UInt8(ascii: "*") {
                let crosses = pattern.starts(with: [UInt8(ascii: "*"), UInt8(ascii: "*")])
                pattern = pattern.dropFirst(crosses ? 2 : 1)
                retry = (pattern, name, crosses)
                continue
            }
            if pattern.isEmpty, name.isEmpty { return true }
            if pattern.starts(with: placeholder), name.starts(with: container) {
                pattern = pattern.dropFirst(placeholder.count)
                name = name.dropFirst(container.count)
                continue
            }
            if let wanted = pattern.first, let found = name.first,
                wanted == found || wanted == UInt8(ascii: "?") && found != UInt8(ascii: "/")
            {
                pattern = pattern.dropFirst()
                name = name.dropFirst()
                continue
            }
            guard let last = retry, let skipped = last.name.first,
                last.crossesSlash || skipped != UInt8(ascii: "/")
            else { return false }
            retry = (last.pattern, last.name.dropFirst(), last.crossesSlash)
            pattern = last.pattern
            name = last.name.dropFirst()
        }
    }
}
