import Streams

/// Names that another system cannot hold or tells apart differently (RFC 8493 §5.1, §6).
package enum PortableNames {
    /// What may go wrong with `path` elsewhere, one short phrase each; empty for a name that is fine everywhere.
    package static func risks(of path: [UInt8]) -> [String] {
        var out: [String] = []
        let components = path.split(separator: UInt8(ascii: "/"))
        if path.first == UInt8(ascii: "~") { out.append("starts with '~'") }
        if components.contains(where: isReserved) { out.append("has a name that Windows reserves for a device") }
        if components.contains(where: { $0.contains(where: isForbidden) }) {
            out.append("has a character that Windows forbids")
        }
        if components.contains(where: { $0.last == UInt8(ascii: ".") || $0.last == UInt8(ascii: " ") }) {
            out.append("has a name that ends in a dot or a blank")
        }
        if components.contains(where: { $0.count > 255 }) { out.append("has a name of more than 255 bytes") }
        if String(decoding: path, as: UTF8.self).utf16.count > 260 { out.append("is longer than 260 characters") }
        if let last = components.last, isSystemFile(last) { out.append("is a file that systems make and remove") }
        return out
    }

    /// Names that macOS and Windows put into folders by themselves.
    static func isSystemFile(_ name: some Sequence<UInt8>) -> Bool {
        let name = Array(name)
        return [".DS_Store", "Thumbs.db", "desktop.ini"].contains { name.elementsEqual($0.utf8) }
    }

    static func isForbidden(_ byte: UInt8) -> Bool { byte < 0x20 || #"<>:"|?*\"#.utf8.contains(byte) }

    static func isReserved(_ name: ArraySlice<UInt8>) -> Bool {
        var bytes = name.prefix { $0 != UInt8(ascii: ".") }
        while bytes.last == UInt8(ascii: " ") { bytes.removeLast() }
        // The longest of them has seven.
        guard (3...7).contains(bytes.count) else { return false }
        let stem = String(decoding: bytes, as: UTF8.self).uppercased()
        if ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(stem) { return true }
        return stem.count == 4 && (stem.hasPrefix("COM") || stem.hasPrefix("LPT"))
            && "123456789\u{B9}\u{B2}\u{B3}".contains(stem.suffix(1))
    }
}

extension Inspection {
    /// Warns of payload names that fold into one where case or Unicode form does not count, and of system files.
    func warnOfNames() {
        var folded: [(hash: Int, entry: Int32)] = []
        folded.reserveCapacity(payload.paths.count)
        for entry in 0..<payload.paths.count {
            let path = payload.paths[entry]
            if PortableNames.isSystemFile(path[((path.lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1)...]) {
                add(
                    .portability, .valid, path: path,
                    "'\(displayName(of: path))' is a file that systems make and remove by themselves; better left out")
            }
            folded.append((fold(path).hashValue, Int32(entry)))
        }
        folded.sort { $0.hash != $1.hash ? $0.hash < $1.hash : $0.entry < $1.entry }
        for index in folded.indices.dropFirst() where folded[index].hash == folded[index - 1].hash {
            let (a, b) = (payload.paths[Int(folded[index - 1].entry)], payload.paths[Int(folded[index].entry)])
            // Where one stands for the other that was said already.
            guard fold(a) == fold(b), payload.standIns[Int(folded[index - 1].entry)] == nil,
                payload.standIns[Int(folded[index].entry)] == nil
            else { continue }
            add(
                .nameForms, .valid, path: b, found: displayName(of: a),
                "'\(displayName(of: a))' and '\(displayName(of: b))' differ in case or Unicode form only; "
                    + "some systems hold one of them")
        }
    }

    /// Equal for names that differ in case or Unicode form only: Swift's `String` compares by canonical equivalence.
    private func fold(_ path: [UInt8]) -> String { String(decoding: path, as: UTF8.self).lowercased() }
}
