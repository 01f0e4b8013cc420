/// The percent-encoding of paths in manifests and `fetch.txt` (RFC 8493 §2.1.3, §2.2.3): LF, CR and `%`, nothing else.
package enum ManifestPath {
    /// Appends `path` with LF, CR and `%` as `%0A`, `%0D` and `%25`; the last is false for versions before 1.0.
    package static func appendEncoded(_ path: [UInt8], percent: Bool = true, to line: inout [UInt8]) {
        for byte in path {
            switch byte {
            case UInt8(ascii: "\n"): line.append(contentsOf: "%0A".utf8)
            case UInt8(ascii: "\r"): line.append(contentsOf: "%0D".utf8)
            case UInt8(ascii: "%") where percent: line.append(contentsOf: "%25".utf8)
            default: line.append(byte)
            }
        }
    }

    /// `path` encoded.
    package static func encode(_ path: [UInt8]) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(path.count)
        appendEncoded(path, to: &line)
        return line
    }

    /// Undoes ``encode(_:)``; the digits may have either case. Any other `%` stands for itself.
    ///
    /// `percent` is false for versions before 1.0, where `%25` was not yet an escape.
    package static func decode(_ path: [UInt8], percent: Bool = true) -> [UInt8] {
        guard path.contains(UInt8(ascii: "%")) else { return path }
        var out: [UInt8] = []
        out.reserveCapacity(path.count)
        var index = 0
        while index < path.count {
            if path[index] == UInt8(ascii: "%"), index + 2 < path.count,
                let byte = escape(path[index + 1], path[index + 2], percent: percent)
            {
                out.append(byte)
                index += 3
            } else {
                out.append(path[index])
                index += 1
            }
        }
        return out
    }

    private static func escape(_ first: UInt8, _ second: UInt8, percent: Bool) -> UInt8? {
        switch (first, second) {
        case (UInt8(ascii: "0"), UInt8(ascii: "A")), (UInt8(ascii: "0"), UInt8(ascii: "a")): UInt8(ascii: "\n")
        case (UInt8(ascii: "0"), UInt8(ascii: "D")), (UInt8(ascii: "0"), UInt8(ascii: "d")): UInt8(ascii: "\r")
        case (UInt8(ascii: "2"), UInt8(ascii: "5")): percent ? UInt8(ascii: "%") : nil
        default: nil
        }
    }
}
