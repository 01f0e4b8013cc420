import CPages
import FoundationEssentials
import HTTPTypes
import Mustache
import Streams

/// The files that the pages are made of, embedded in the program.
struct PageFiles: Sendable {
    /// One of them.
    struct File: Sendable {
        let bytes: [UInt8]
        let type: String
        /// Changes when the bytes do, so that browsers may keep it.
        let tag: String
    }

    /// By name, as in `page.css`.
    let files: [String: File]
    let templates: MustacheLibrary

    /// - Throws: `MustacheTemplate.ParserError` for a template that cannot be read.
    init() throws {
        var files: [String: File] = [:]
        var templates: [String: MustacheTemplate] = [:]
        let all = UnsafeBufferPointer(start: tdr_page_files(), count: tdr_page_files_count())
        for one in all {
            let name = String(cString: one.name)
            let bytes = Array(UnsafeBufferPointer(start: one.bytes, count: one.count))
            if name.hasSuffix(".mustache") {
                templates[String(name.dropLast(".mustache".count))] = try MustacheTemplate(
                    string: String(decoding: bytes, as: UTF8.self))
            } else {
                var hasher = SHA256Hasher()
                hasher.update(bytes)
                files[name] = File(
                    bytes: bytes, type: PageFiles.type(of: name), tag: "\"\(hasher.finish().description.prefix(16))\"")
            }
        }
        self.files = files
        self.templates = MustacheLibrary(templates: templates)
    }

    private static func type(of name: String) -> String {
        if name.hasSuffix(".css") { return "text/css; charset=utf-8" }
        if name.hasSuffix(".js") { return "text/javascript; charset=utf-8" }
        if name.hasSuffix(".wasm") { return "application/wasm" }
        if name.hasSuffix(".svg") { return "image/svg+xml" }
        return "application/json; charset=utf-8"
    }
}

/// Every sentence of the pages, from one JSON file: groups of keys with texts. `{name}` stands for a value.
struct PageTexts: Sendable {
    let groups: [String: [String: String]]

    /// - Throws: what is wrong with the file.
    init(_ bytes: [UInt8]) throws {
        groups = try JSONDecoder().decode([String: [String: String]].self, from: Data(bytes))
    }

    /// Those of `other` where it has them.
    func replaced(by other: PageTexts) -> PageTexts {
        PageTexts(groups: groups.merging(other.groups) { $0.merging($1) { $1 } })
    }

    private init(groups: [String: [String: String]]) { self.groups = groups }

    /// A text by `group.key`; the key itself where there is none, so that it is seen.
    func callAsFunction(_ key: String, _ values: [String: String] = [:]) -> String {
        let parts = key.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2, let text = groups[parts[0]]?[parts[1]] else { return key }
        return filled(text, values)
    }

    /// A text with values in their places.
    func filled(_ text: String, _ values: [String: String]) -> String {
        if values.isEmpty { return text }
        // In one pass: a value that looks like a place for another is left as it is.
        var out = ""
        var rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            out += rest[..<open]
            rest = rest[open...]
            guard let close = rest.firstIndex(of: "}") else { break }
            let name = String(rest[rest.index(after: open)..<close])
            out += values[name] ?? String(rest[open...close])
            rest = rest[rest.index(after: close)...]
        }
        return out + rest
    }
}
