import Streams
import TDRCore

/// What siegfried tells at the top of its answers.
struct SiegfriedHead {
    /// The version whose layout and rules these answers follow.
    static let version = "1.11.4"

    let scanDate: String
    let created: String
    let details: String
    let digest: String?

    init(_ signatures: Signatures, _ now: Timestamp, digest: String?) {
        scanDate = now.description
        created = signatures.created + (signatures.created.contains("Z") ? "" : "Z")
        details = [signatures.binaryFile, signatures.containerFile].filter { !$0.isEmpty }.joined(separator: "; ")
        self.digest = digest
    }

    /// siegfried names its signature file here; ours is the program.
    var signature: String { "tdr \(TDR.version)" }
}

/// One file as siegfried tells it, the fields in siegfried's order.
struct SiegfriedFile {
    let name: [UInt8]
    let size: Int64
    let modified: String
    let errors: String
    let digest: String?
    /// `ns`, `id`, `format`, `version`, `mime`, `class`, `basis`, `warning`; nil where nothing was identified.
    let match: [String]?

    static let matchKeys = ["ns", "id", "format", "version", "mime", "class", "basis", "warning"]

    /// Nil for a folder.
    init?(_ file: IdentifiedFile) {
        if file.kind == .folder { return nil }
        name = file.path.bytes
        size = file.size ?? 0
        modified = file.modified.map { Timestamp(nanoseconds: $0).description } ?? "0001-01-01T00:00:00Z"
        digest = file.digests.first?.hex
        if case .leftOut(let what) = file.kind {
            errors = "file is of type \(what); only regular files can be scanned"
        } else {
            errors = file.failure ?? (file.size == 0 ? "empty source" : "")
        }
        match = file.siegfried.map { answer in
            [
                "pronom", answer.identifier, answer.format?.name ?? "", answer.format?.version ?? "",
                // siegfried names one MIME type. PRONOM's classes are not in DROID's signature files.
                SiegfriedFile.firstMIMEType(answer.format), "", answer.basis, answer.warning,
            ]
        }
    }
}

extension SiegfriedFile {
    private static func firstMIMEType(_ format: IdentifiedFormat?) -> String {
        guard let first = format?.mimeType.split(separator: ",").first else { return "" }
        return String(first.trimmingPrefix { $0 == " " })
    }
}

/// `sf`: a YAML document for the head and one for each file.
struct SiegfriedYAML: IdentifyRenderer {
    private let top: SiegfriedHead

    init(_ head: SiegfriedHead) { top = head }

    func head() -> [UInt8] {
        Array(
            """
            ---
            siegfried   : \(SiegfriedHead.version)
            scandate    : \(top.scanDate)
            signature   : \(top.signature)
            created     : \(top.created)
            identifiers :\u{20}
              - name    : 'pronom'
                details : '\(SiegfriedYAML.doubled(top.details))'

            """.utf8)
    }

    func render(_ files: [IdentifiedFile]) -> [UInt8] {
        var out: [UInt8] = []
        for file in files.compactMap(SiegfriedFile.init) {
            out += Array("---\nfilename : ".utf8) + SiegfriedYAML.quoted(file.name)
            out += Array(
                "\nfilesize : \(file.size)\nmodified : \(file.modified)\nerrors   : \(SiegfriedYAML.text(file.errors))\n"
                    .utf8)
            if let name = top.digest, let digest = file.digest {
                let padding = String(repeating: " ", count: max(0, 8 - name.count))
                out += Array("\(name)\(padding) : \(digest)\n".utf8)
            }
            out += Array("matches  :\n".utf8)
            guard let match = file.match else { continue }
            for (index, (key, value)) in zip(SiegfriedFile.matchKeys, match).enumerated() {
                let padding = String(repeating: " ", count: 7 - key.count)
                out += Array((index == 0 ? "  - " : "    ").utf8)
                out += Array("\(key)\(padding) : \(SiegfriedYAML.text(value))\n".utf8)
            }
        }
        return out
    }

    private static func text(_ value: String) -> String { value.isEmpty ? "" : "'\(doubled(value))'" }

    private static func doubled(_ text: String) -> String { text.replacing("'", with: "''") }

    /// The name's bytes in single quotes, as siegfried has it; in double quotes with escapes where something in it would
    /// make another name of it or steer a terminal.
    private static func quoted(_ name: [UInt8]) -> [UInt8] {
        let text = String(validating: name, as: UTF8.self)
        let isPlain = text.map { !$0.unicodeScalars.contains(where: isSteering) } ?? !name.contains { $0 < 0x20 }
        guard !isPlain, let text else {
            return Array("'".utf8) + name.flatMap { $0 == UInt8(ascii: "'") ? [$0, $0] : [$0] } + Array("'".utf8)
        }
        var out = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { out += "\\" }
            out += isSteering(scalar) ? "\\U" + SiegfriedYAML.digits(scalar, 8) : String(scalar)
        }
        return Array((out + "\"").utf8)
    }

    private static func digits(_ scalar: Unicode.Scalar, _ width: Int) -> String {
        let text = String(scalar.value, radix: 16)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}

/// `sf -json`: one document.
final class SiegfriedJSON: IdentifyRenderer {
    private let top: SiegfriedHead
    private let isFirst = Guarded(true)

    init(_ head: SiegfriedHead) { top = head }

    func head() -> [UInt8] {
        Array(
            (#"{"siegfried":"\#(SiegfriedHead.version)","scandate":"\#(top.scanDate)","signature":"\#(top.signature)","#
                + #""created":"\#(top.created)","identifiers":[{"name":"pronom","details":\#(quoted(top.details))}],"#
                + #""files":["#).utf8)
    }

    func render(_ files: [IdentifiedFile]) -> [UInt8] {
        var out = ""
        for file in files.compactMap(SiegfriedFile.init) {
            let comma = isFirst.withLock { first in
                defer { first = false }
                return first ? "" : ","
            }
            // A JSON text is UTF-8; other bytes are written as this program shows them elsewhere.
            let name = String(validating: file.name, as: UTF8.self) ?? displayName(of: file.name)
            out += #"\#(comma){"filename":\#(quoted(name)),"filesize":\#(file.size),"#
            out += #""modified":"\#(file.modified)","errors":\#(quoted(file.errors)),"#
            if let digest = top.digest, let value = file.digest { out += #""\#(digest)":"\#(value)","# }
            let match = file.match.map { values in
                "{" + zip(SiegfriedFile.matchKeys, values).map { #""\#($0)":\#(quoted($1))"# }.joined(separator: ",")
                    + "}"
            }
            out += #""matches":[\#(match ?? "")]}"#
        }
        return Array(out.utf8)
    }

    func tail() -> [UInt8] { Array("]}\n".utf8) }

    private func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case _ where isSteering(scalar):
                for unit in Character(scalar).utf16 {
                    out += "\\u" + Hex.encode([UInt8(unit >> 8), UInt8(unit & 0xFF)])
                }
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}

/// `sf -csv`.
struct SiegfriedCSV: IdentifyRenderer {
    let digest: String?

    func head() -> [UInt8] {
        let keys = ["namespace"] + SiegfriedFile.matchKeys.dropFirst()
        return line(["filename", "filesize", "modified", "errors"] + (digest.map { [$0] } ?? []) + keys)
    }

    func render(_ files: [IdentifiedFile]) -> [UInt8] {
        var out: [UInt8] = []
        for file in files.compactMap(SiegfriedFile.init) {
            out += line(
                [displayName(of: file.name), "\(file.size)", file.modified, file.errors]
                    + (digest.map { _ in [file.digest ?? ""] } ?? [])
                    + (file.match ?? SiegfriedFile.matchKeys.map { _ in "" }))
        }
        return out
    }

    private func line(_ fields: [String]) -> [UInt8] { Array((Text.csv(fields) + "\n").utf8) }
}
