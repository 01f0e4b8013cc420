import Streams
import TDRCore

/// A layout for what files are. Results come in the order of the walk, one call at a time.
protocol IdentifyRenderer: Sendable {
    /// What comes before all results.
    func head() -> [UInt8]
    /// Some results.
    func render(_ files: [IdentifiedFile]) throws -> [UInt8]
    /// What comes after all results.
    func tail() -> [UInt8]
}

extension IdentifyRenderer {
    func head() -> [UInt8] { [] }
    func tail() -> [UInt8] { [] }
}

/// One line a file, for people: `path: fmt/18 Acrobat PDF 1.4 (application/pdf)`.
struct IdentifyLines: IdentifyRenderer {
    func render(_ files: [IdentifiedFile]) -> [UInt8] {
        var out: [UInt8] = []
        for file in files where file.kind == .file {
            out += Array("\(file.path.display): \(answer(file))\n".utf8)
            for line in details(file) { out += Array("  \(line)\n".utf8) }
        }
        return out
    }

    private func answer(_ file: IdentifiedFile) -> String {
        if let failure = file.failure { return "failed: \(failure)" }
        if file.formats.isEmpty { return "unidentified" }
        return file.formats.map { format in
            var text = [format.puid, format.name, format.version].filter { !$0.isEmpty }.joined(separator: " ")
            if !format.mimeType.isEmpty { text += " (\(format.mimeType))" }
            if format.basis == "Extension" { text += " [by extension only]" }
            if format.isExtensionMismatch { text += " [extension mismatch]" }
            return text
        }.joined(separator: "; ")
    }

    private func details(_ file: IdentifiedFile) -> [String] {
        var lines = file.explanation
        if file.explanation.isEmpty, let encryption = file.encryption { lines.append("protected: \(encryption)") }
        if let magic = file.magic { lines.append("libmagic: \(magic.description) (\(magic.mimeType))") }
        return lines + file.digests.map { "\($0.algorithm) \($0.hex)" }
    }
}

/// `tdr identify --json`: one object a line.
struct IdentifyJSONLines: IdentifyRenderer {
    func render(_ files: [IdentifiedFile]) throws -> [UInt8] {
        var out: [UInt8] = []
        for file in files where file.kind == .file {
            out += try JSON.encode(IdentifiedFileOutput(file))
            out.append(UInt8(ascii: "\n"))
        }
        return out
    }
}

/// A file in `tdr identify --json`.
struct IdentifiedFileOutput: Encodable {
    struct Match: Encodable {
        let puid: String
        let formatName: String
        let formatVersion: String
        let mimeType: String
        let identificationBasis: String
        let extensionMismatch: Bool
    }

    struct Magic: Encodable {
        let mimeType: String
        let description: String
    }

    let path: String
    /// The path's bytes in hexadecimal, only when they are not UTF-8.
    let pathHex: String?
    let fileSize: Int64?
    let lastModified: String?
    let matches: [Match]
    let extensionMismatch: Bool
    let encryption: String?
    let digests: [String: String]?
    let magic: Magic?
    let explanation: [String]?
    let error: String?

    init(_ file: IdentifiedFile) {
        path = file.path.text ?? file.path.display
        pathHex = file.path.text == nil ? Hex.encode(file.path.bytes) : nil
        fileSize = file.size
        lastModified = file.modified.map { Timestamp(nanoseconds: $0).description }
        matches = file.formats.map {
            Match(
                puid: $0.puid, formatName: $0.name, formatVersion: $0.version, mimeType: $0.mimeType,
                identificationBasis: $0.basis, extensionMismatch: $0.isExtensionMismatch)
        }
        extensionMismatch = file.isExtensionMismatch
        encryption = file.encryption
        digests =
            file.digests.isEmpty
            ? nil : Dictionary(file.digests.map { ($0.algorithm, $0.hex) }) { first, _ in first }
        magic = file.magic.map { Magic(mimeType: $0.mimeType, description: $0.description) }
        explanation = file.explanation.isEmpty ? nil : file.explanation
        error = file.failure
    }
}

/// `tdr identify --csv`: one row a file; several formats of one file stand in one field each, separated by `; `.
struct IdentifyCSV: IdentifyRenderer {
    let digests: [String]
    let hasMagic: Bool

    func head() -> [UInt8] {
        CSV.line(
            [
                "path", "fileSize", "lastModified", "puid", "formatName", "formatVersion", "mimeType",
                "identificationBasis", "extensionMismatch", "encryption",
            ] + digests + (hasMagic ? ["magicMimeType", "magicDescription"] : []) + ["error"])
    }

    func render(_ files: [IdentifiedFile]) -> [UInt8] {
        var out: [UInt8] = []
        for file in files where file.kind == .file {
            func joined(_ field: (IdentifiedFormat) -> String) -> String {
                file.formats.map(field).joined(separator: "; ")
            }
            var fields = [
                file.path.display, file.size.map(String.init) ?? "",
                file.modified.map { Timestamp(nanoseconds: $0).description } ?? "", joined(\.puid), joined(\.name),
                joined(\.version), joined(\.mimeType), joined(\.basis),
                file.formats.isEmpty ? "" : file.isExtensionMismatch ? "true" : "false", file.encryption ?? "",
            ]
            fields += digests.map { name in file.digests.first { $0.algorithm == name }?.hex ?? "" }
            if hasMagic { fields += [file.magic?.mimeType ?? "", file.magic?.description ?? ""] }
            out += CSV.line(fields + [file.failure ?? ""])
        }
        return out
    }
}

/// Lines of CSV as bytes.
enum CSV {
    /// One line with its end.
    static func line(_ fields: [String]) -> [UInt8] { Array((Text.csv(fields) + "\r\n").utf8) }
}
