import Streams

extension BagName {
    /// The table of the names that a bag's payload had, where those in the bag were made safe.
    package static let realNames = "portable-names.csv"
    /// Its columns: the path in the bag, file or folder, the path as it was for people, and in hexadecimal.
    package static let realNamesTitles = ["Filepath", "FileType", "OriginalFilepath", "OriginalFilepathHex"]
}

extension Inspection {
    /// Takes a record of `portable-names.csv`. A file of that name with other titles is somebody else's.
    func takeRealName(_ line: [UInt8], _ place: BagProblem.Place) {
        let number = place.line ?? 0
        let fields = csvFields(line)
        if number == 1 {
            hasRealNames = fields == BagName.realNamesTitles.map { Array($0.utf8) }
            return
        }
        guard hasRealNames else { return }
        func doubt(_ what: String, path: [UInt8]? = nil) {
            add(
                .realNames, .valid, path: path, at: place, found: excerpt(line),
                "line \(number) of \(place.file) \(what); the name as it was cannot be told from it")
        }
        guard let fields, fields.count == 4, fields[0].starts(with: BagName.payloadPrefix) else {
            return doubt("is no record of a path below data/, its kind and the path as it was")
        }
        guard let original = Hex.decode(fields[3][...]), RelativePath(original) != nil else {
            return doubt("has no path in hexadecimal", path: fields[0])
        }
        guard bytes(ofDisplayName: String(decoding: fields[2], as: UTF8.self)) == original else {
            return doubt("has two different paths as they were", path: fields[0])
        }
        // Folders are no part of a manifest.
        guard fields[1].elementsEqual("File".utf8) else { return }
        let entry = payload.paths.entry(for: fields[0])
        if payload.states[entry].contains(.renamed) { doubt("names its file a second time", path: fields[0]) }
        payload.states[entry].insert(.renamed)
    }

    /// Looks whether what the table names is there.
    func judgeRealNames() {
        guard hasRealNames else { return }
        for entry in 0..<payload.paths.count {
            let state = payload.states[entry]
            guard state.contains(.renamed), !state.contains(.present) else { continue }
            let path = payload.paths[entry]
            add(
                .realNames, .valid, path: path, at: BagProblem.Place(file: BagName.realNames),
                "\(BagName.realNames) names '\(displayName(of: path))', which is not there")
        }
    }
}

/// The fields of a record of CSV on one line (RFC 4180); nil when it is none.
private func csvFields(_ line: [UInt8]) -> [[UInt8]]? {
    let quote = UInt8(ascii: "\"")
    var fields: [[UInt8]] = []
    var rest = line[...]
    while true {
        var field: [UInt8] = []
        if rest.first == quote {
            rest = rest.dropFirst()
            while true {
                guard let end = rest.firstIndex(of: quote) else { return nil }
                field += rest[..<end]
                rest = rest[(end + 1)...]
                guard rest.first == quote else { break }
                field.append(quote)
                rest = rest.dropFirst()
            }
        } else {
            field = Array(rest.prefix { $0 != UInt8(ascii: ",") })
            if field.contains(quote) { return nil }
            rest = rest.dropFirst(field.count)
        }
        fields.append(field)
        if rest.isEmpty { return fields }
        guard rest.first == UInt8(ascii: ",") else { return nil }
        rest = rest.dropFirst()
    }
}
