import CYara
import Streams

/// libyara over one stream of bytes after the other, for one thread.
final class YaraScanner {
    /// How much of a file libyara sees at once, bytes, and how much of that it has seen before: longer than any string
    /// of a rule is likely to be.
    static let windowBytes = 4 << 20
    static let overlapBytes = 64 << 10

    private let rules: YaraRules
    private let scan: OpaquePointer?
    private let window = Buffer(count: YaraScanner.windowBytes)
    private var filled = 0
    private var base: Int64 = 0
    private var size: Int64 = 0
    private var source: (any ByteSource)?
    private var code: Int32 = 0

    init(_ rules: YaraRules, seconds: Int32) {
        self.rules = rules
        scan = tdr_yara_scan_new(rules.pointer, YaraScanner.windowBytes, seconds)
    }

    deinit { if let scan { tdr_yara_scan_free(scan) } }

    /// A new stream of `size` bytes, which `source` can give again.
    func begin(_ source: any ByteSource, size: Int64, name: [UInt8], path: [UInt8]) {
        filled = 0
        base = 0
        self.size = size
        self.source = source
        guard let scan else {
            code = -1
            return
        }
        let context = Unmanaged.passUnretained(self).toOpaque()
        let ending = YaraScanner.fileExtension(of: name)
        code = BytePath(name).withCString { name in
            BytePath(path).withCString { path in
                BytePath(ending).withCString { ending in
                    tdr_yara_scan_begin(scan, UInt64(size), name, path, ending, context) {
                        context, bytes, count, offset in
                        guard let context, let bytes else { return -1 }
                        return Unmanaged<YaraScanner>.fromOpaque(context).takeUnretainedValue()
                            .read(UnsafeMutableRawBufferPointer(start: bytes, count: count), at: offset)
                    }
                }
            }
        }
    }

    /// What follows the last dot, in lower case.
    private static func fileExtension(of name: [UInt8]) -> [UInt8] {
        guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot > 0 else { return [] }
        return name[(dot + 1)...].map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }
    }

    /// The next bytes. A stream that comes as one piece is not copied: that piece stays where it is until ``finish()``.
    func consume(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
        guard let scan, code == 0 else { return }
        if offset == 0, Int64(bytes.count) == size {
            code = tdr_yara_scan_window(scan, bytes.baseAddress, bytes.count, 0)
            return
        }
        var rest = bytes
        while !rest.isEmpty {
            let count = min(rest.count, YaraScanner.windowBytes - filled)
            UnsafeMutableRawBufferPointer(rebasing: window.bytes[filled..<filled + count])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
            filled += count
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            if filled == YaraScanner.windowBytes, base + Int64(filled) < size { turnWindow(scan) }
        }
    }

    private func turnWindow(_ scan: OpaquePointer) {
        guard code == 0 else { return }
        code = tdr_yara_scan_window(scan, window.bytes.baseAddress, filled, UInt64(base))
        let kept = YaraScanner.overlapBytes
        window.bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: window.bytes[(filled - kept)..<filled]))
        base += Int64(filled - kept)
        filled = kept
    }

    /// What the rules say of the stream.
    func finish() -> AntivirusVerdict {
        defer { source = nil }
        guard let scan else { return .notScanned("YARA: memory is short") }
        if filled > 0, code == 0 { code = tdr_yara_scan_window(scan, window.bytes.baseAddress, filled, UInt64(base)) }
        let hits = Hits()
        var overflowed: Int32 = 0
        if code == 0 {
            code = tdr_yara_scan_finish(
                scan, Unmanaged.passUnretained(hits).toOpaque(),
                { context, space, rule in
                    guard let context, let space, let rule else { return }
                    Unmanaged<Hits>.fromOpaque(context).takeUnretainedValue()
                        .add(String(cString: space), String(cString: rule))
                }, &overflowed)
        } else {
            tdr_yara_scan_abandon(scan)
        }
        if !hits.names.isEmpty { return .found(hits.names.joined(separator: ", ")) }
        if code != 0 { return .notScanned("YARA: \(String(cString: tdr_yara_reason(code)))") }
        if overflowed != 0 { return .notScanned("YARA: a string of the rules matches too often in it") }
        return .clean
    }

    /// Forgets the stream.
    func abandon() {
        if let scan { tdr_yara_scan_abandon(scan) }
        source = nil
    }

    private func read(_ bytes: UnsafeMutableRawBufferPointer, at offset: UInt64) -> Int64 {
        guard let source, let count = try? source.read(into: bytes, at: Int64(offset)) else { return -1 }
        return Int64(count)
    }

    private final class Hits {
        var names: [String] = []
        func add(_ space: String, _ rule: String) {
            // Rules of several files may have the same name; those that tdr brings need no surname.
            names.append(space == YaraRules.builtIn ? rule : "\(rule) (\(space))")
        }
    }
}
