import CSignatures
import CYara
import Glibc
import Streams

/// Compiled YARA rules, shared by all threads.
///
/// Rules come as text from files and folders (`.yar`, `.yara`), each file in a namespace of its own, after those that
/// tdr brings. The digest over all texts is their version; by it the compiled form is found again in the cache.
final class YaraRules: @unchecked Sendable {
    // Sendable: libyara never changes compiled rules; scanners of all threads share them by its own rules.
    let pointer: OpaquePointer
    /// How many.
    let count: Int
    /// The first 16 digits of SHA-256 over all texts.
    let digest: String

    private init(_ pointer: OpaquePointer, digest: String) {
        self.pointer = pointer
        self.digest = digest
        count = Int(tdr_yara_rules_count(pointer))
    }

    deinit { tdr_yara_rules_free(pointer) }

    /// The namespace of the rules that tdr brings.
    static let builtIn = "tdr"

    private struct Source {
        let name: String
        let path: BytePath?
        let text: [UInt8]
    }

    private static let maximumTextBytes: Int64 = 64 << 20
    private static let initialized: Int32 = tdr_yara_initialize()

    /// The built-in rules and those at `paths`, compiled now or before.
    ///
    /// - Throws: ``AntivirusError`` naming every error with its file and line.
    static func compiled(_ paths: [BytePath], cache: BytePath?) throws -> YaraRules {
        guard initialized == 0 else { throw AntivirusError.noYara(reason(initialized)) }
        let own = UnsafeRawBufferPointer(start: tdr_yara_rules_text(), count: tdr_yara_rules_text_count())
        var sources = [Source(name: builtIn, path: nil, text: Array(own))]
        for path in paths { sources += try self.sources(at: path) }
        let compiler = YaraCompiler()
        var digest = SHA256Hasher()
        for source in sources {
            digest.update(Array("\(source.name)\0\(source.text.count)\0".utf8))
            digest.update(source.text)
        }
        // Included texts are known only after compiling, so what includes is compiled each time.
        let version = String(cString: tdr_yara_version())
        let hex = String(digest.finish().hex.prefix(16))
        let mayInclude = sources.dropFirst().contains { $0.text.mentionsInclude }
        let place = mayInclude ? nil : cache?.appending("\(hex)-\(version).yarac")
        if let place, let loaded = load(place) { return YaraRules(loaded, digest: hex) }
        for source in sources { try compiler.add(source.text, namespace: source.name, path: source.path) }
        let rules = try compiler.finish()
        if let place, let cache { save(rules, at: place, in: cache) }
        let included = compiler.includedDigest
        return YaraRules(rules, digest: included.isEmpty ? hex : included)
    }

    /// A file, or the rule files of a folder and of those below, sorted.
    private static func sources(at path: BytePath) throws -> [Source] {
        do {
            guard try FileStatus.following(path).kind == .directory else { return [try source(path)] }
            var folders = [path]
            var files: [BytePath] = []
            while let folder = folders.popLast() {
                let open = try OpenFile.directory(folder)
                let listing = try DirectoryListing(of: open)
                for index in 0..<listing.count {
                    let place = folder.appending(listing[index])
                    switch try FileStatus.of(place).kind {
                    case .directory: folders.append(place)
                    case .regular where isRuleFile(listing[index]): files.append(place)
                    default: continue
                    }
                }
            }
            if files.isEmpty { throw AntivirusError.noRules(path, reason: "the folder holds no .yar or .yara file") }
            return try files.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }.map(source)
        } catch let fault as SystemFault {
            throw AntivirusError.noRules(path, reason: fault.reason)
        }
    }

    private static func isRuleFile(_ name: [UInt8]) -> Bool {
        [".yar", ".yara"].contains { name.suffix($0.utf8.count).elementsEqual($0.utf8) }
    }

    private static func source(_ path: BytePath) throws -> Source {
        let text = try contents(path)
        return Source(name: path.display, path: path, text: text)
    }

    fileprivate static func contents(_ path: BytePath) throws -> [UInt8] {
        let file = try OpenFile.reading(path)
        let status = try file.status()
        guard status.kind == .regular, status.size <= maximumTextBytes else {
            throw AntivirusError.noRules(path, reason: "it is no file of rules")
        }
        let buffer = Buffer(count: Int(status.size) + 1)
        return Array(buffer.prefix(try file.fill(buffer.bytes)))
    }

    fileprivate static func reason(_ code: Int32) -> String { String(cString: tdr_yara_reason(code)) }

    // MARK: Cache

    private static func load(_ place: BytePath) -> OpaquePointer? {
        guard access(place.text ?? "", R_OK) == 0 else { return nil }
        var rules: OpaquePointer?
        // A damaged or foreign file is as good as none: the rules are compiled again.
        return place.withCString { tdr_yara_rules_load($0, &rules) } == 0 ? rules : nil
    }

    /// Nothing is lost when it cannot be kept: the next run compiles again.
    private static func save(_ rules: OpaquePointer, at place: BytePath, in cache: BytePath) {
        _ = cache.directory.withCString { mkdir($0, 0o700) }
        _ = cache.withCString { mkdir($0, 0o700) }
        let temporary = BytePath(place.bytes + Array(".\(getpid())".utf8))
        guard temporary.withCString({ tdr_yara_rules_save(rules, $0) }) == 0,
            temporary.withCString({ from in place.withCString { rename(from, $0) } }) == 0
        else {
            _ = temporary.withCString { unlink($0) }
            return
        }
    }
}

/// One use of libyara's compiler.
private final class YaraCompiler {
    private var errors: [String] = []
    private var current: (name: String, path: BytePath?) = ("", nil)
    private var included = SHA256Hasher()
    private var hasIncluded = false
    private var pointer: OpaquePointer?

    /// The digest over all texts when some were included.
    var includedDigest: String { hasIncluded ? String(included.finish().hex.prefix(16)) : "" }

    deinit { if let pointer { tdr_yara_compiler_free(pointer) } }

    private func compiler() throws -> OpaquePointer {
        if let pointer { return pointer }
        let made = tdr_yara_compiler_new(
            Unmanaged.passUnretained(self).toOpaque(),
            { context, level, file, line, message in
                guard let context, level == 0 else { return }
                Unmanaged<YaraCompiler>.fromOpaque(context).takeUnretainedValue().report(file, line, message)
            },
            { context, name, by in
                guard let context, let name else { return nil }
                return Unmanaged<YaraCompiler>.fromOpaque(context).takeUnretainedValue().include(name, by)
            })
        guard let made else { throw AntivirusError.noYara("memory is short") }
        pointer = made
        return made
    }

    func add(_ text: [UInt8], namespace: String, path: BytePath?) throws {
        current = (namespace, path)
        included.update(text)
        guard !text.contains(0) else {
            throw AntivirusError.badRules(["\(namespace): it holds NUL and is no text"])
        }
        let compiler = try compiler()
        let count = (text + [0]).withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { chars in
                namespace.withCString { tdr_yara_compiler_add(compiler, chars.baseAddress, $0) }
            }
        }
        if count > 0 { throw AntivirusError.badRules(errors.isEmpty ? ["\(namespace): no reason given"] : errors) }
    }

    func finish() throws -> OpaquePointer {
        guard let rules = tdr_yara_compiler_rules(try compiler()) else {
            throw AntivirusError.noYara("memory is short")
        }
        return rules
    }

    private func report(_ file: UnsafePointer<CChar>?, _ line: Int32, _ message: UnsafePointer<CChar>?) {
        let place = file.map { String(cString: $0) } ?? current.name
        errors.append("\(place), line \(line): \(message.map { String(cString: $0) } ?? "no reason given")")
    }

    /// A file named by another, beside it.
    private func include(_ name: UnsafePointer<CChar>, _ by: UnsafePointer<CChar>?) -> UnsafeMutablePointer<CChar>? {
        guard let base = by.map({ BytePath(String(cString: $0)) }) ?? current.path else { return nil }
        let wanted = BytePath(String(cString: name))
        let place = wanted.bytes.first == UInt8(ascii: "/") ? wanted : base.directory.appending(wanted.bytes)
        // libyara reports what cannot be opened, with the line.
        guard let text = try? YaraRules.contents(place), !text.contains(0) else { return nil }
        hasIncluded = true
        included.update(text)
        return (text + [0]).withUnsafeBytes { bytes in
            guard let copy = malloc(bytes.count), let from = bytes.baseAddress else { return nil }
            memcpy(copy, from, bytes.count)
            return copy.assumingMemoryBound(to: CChar.self)
        }
    }
}

extension [UInt8] {
    fileprivate var mentionsInclude: Bool {
        let word = Array("include".utf8)
        return indices.contains { self[$0] == word[0] && self[$0...].starts(with: word) }
    }
}
