import Streams

/// `bagit.txt` (RFC 8493 §2.1.1): which version, and how the other tag files are encoded.
package struct BagDeclaration: Hashable, Sendable {
    /// Decides which rules a bag is checked by.
    package let version: BagVersion
    /// The name of the encoding as written.
    package let encodingName: String

    /// What this project writes: UTF-8.
    package init(version: BagVersion) {
        self.version = version
        encodingName = TagEncoding.utf8.rawValue
    }

    private init(version: BagVersion, encodingName: String) {
        self.version = version
        self.encodingName = encodingName
    }

    /// The file: exactly two lines.
    package var bytes: [UInt8] {
        Array("BagIt-Version: \(version)\nTag-File-Character-Encoding: \(encodingName)\n".utf8)
    }

    /// nil for an encoding that is not known here.
    package var encoding: TagEncoding? { TagEncoding(named: encodingName) }

    /// What a `bagit.txt` says, as far as it can be told, and each rule it breaks.
    static func read(_ bytes: [UInt8]) -> (declaration: BagDeclaration?, faults: [(found: String?, message: String)]) {
        var faults: [(String?, String)] = []
        var content = bytes[...]
        if content.starts(with: [0xEF, 0xBB, 0xBF]) {
            faults.append(("EF BB BF", "bagit.txt starts with a byte order mark; remove the first three bytes"))
            content = content.dropFirst(3)
        }
        let lines = lines(of: content)
        let version = value(of: lines.first, label: "BagIt-Version", line: 1, &faults)
        let encoding = value(of: lines.dropFirst().first, label: "Tag-File-Character-Encoding", line: 2, &faults)
        if lines.count > 2 {
            faults.append(("\(lines.count) lines", "bagit.txt has more than two lines; remove the others"))
        }
        guard let version else { return (nil, faults) }
        guard let number = parseVersion(version) else {
            faults.append((display(version), "bagit.txt names no version of the form M.N"))
            return (nil, faults)
        }
        if !number.isKnown {
            faults.append(
                ("\(number)", "bagit.txt names version \(number), which is not known here: 0.93 to 0.97 and 1.0 are"))
        }
        if number >= .rfc8493 { checkSeparators(lines, &faults) }
        let name = encoding.map { String(decoding: $0, as: UTF8.self) } ?? TagEncoding.utf8.rawValue
        return (BagDeclaration(version: number, encodingName: name), faults)
    }

    private static func value(
        of line: ArraySlice<UInt8>?, label: String, line number: Int, _ faults: inout [(String?, String)]
    ) -> ArraySlice<UInt8>? {
        guard let line, let colon = line.firstIndex(of: UInt8(ascii: ":")),
            String(decoding: trimmingBlanks(line[..<colon]), as: UTF8.self).lowercased() == label.lowercased()
        else {
            let found = line.map { display($0) } ?? "no such line"
            faults.append((found, "line \(number) of bagit.txt must be '\(label): …'; found '\(found)'"))
            return nil
        }
        return trimmingBlanks(line[(colon + 1)...])
    }

    /// Version 1.0 allows no blank before the colon and wants exactly one after it.
    private static func checkSeparators(_ lines: [ArraySlice<UInt8>], _ faults: inout [(String?, String)]) {
        for (index, line) in lines.prefix(2).enumerated() {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let label = line[..<colon]
            let rest = line[(colon + 1)...]
            let value = trimmingBlanks(rest)
            if trimmingBlanks(label).count != label.count || rest.first != UInt8(ascii: " ")
                || rest.count != value.count + 1
            {
                faults.append(
                    (
                        display(line),
                        "line \(index + 1) of bagit.txt has wrong blanks: write 'Label: value' without any others"
                    ))
            }
        }
    }

    private static func parseVersion(_ text: ArraySlice<UInt8>) -> BagVersion? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 2, let major = decimal(parts[0]), let minor = decimal(parts[1]) else { return nil }
        return BagVersion(Int(major), Int(minor))
    }

    private static func lines(of bytes: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var out: [ArraySlice<UInt8>] = []
        var rest = bytes
        while let end = rest.firstIndex(where: isLineBreak) {
            out.append(rest[..<end])
            let isPair = rest[end] == UInt8(ascii: "\r") && rest.dropFirst(end + 1 - rest.startIndex).first == 0x0A
            rest = rest[(end + (isPair ? 2 : 1))...]
        }
        if !rest.isEmpty { out.append(rest) }
        return out
    }

    private static func display(_ bytes: ArraySlice<UInt8>) -> String { displayName(of: Array(bytes.prefix(200))) }
}
