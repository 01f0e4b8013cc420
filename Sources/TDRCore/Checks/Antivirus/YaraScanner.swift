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
    private var window = Window()
    /// Of a large file the full window is scanned on a thread of its own while the other is filled.
    private var ahead: Ahead?
    private var isAhead = false
    private var filled = 0
    private var base: Int64 = 0
    private var size: Int64 = 0
    private var source: (any ByteSource)?
    private var code: Int32 = 0

    init(_ rules: YaraRules, seconds: Int32) {
        self.rules = rules
        scan = tdr_yara_scan_new(rules.pointer, YaraScanner.windowBytes, seconds)
    }

    deinit {
        _ = ahead?.wait()
        if let scan { tdr_yara_scan_free(scan) }
    }

    /// A new stream of `size` bytes, which `source` can give again.
    func begin(_ source: any ByteSource, size: Int64, name: [UInt8], path: [UInt8]) {
        _ = ahead?.wait()
        filled = 0
        base = 0
        self.size = size
        self.source = source
        isAhead = size > Int64(2 * YaraScanner.windowBytes)
        if isAhead, ahead == nil, let scan { ahead = Ahead(scan) }
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
            UnsafeMutableRawBufferPointer(rebasing: window.buffer.bytes[filled..<filled + count])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
            filled += count
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            if filled == YaraScanner.windowBytes, base + Int64(filled) < size { turnWindow(scan) }
        }
    }

    private func turnWindow(_ scan: OpaquePointer) {
        guard code == 0 else { return }
        let kept = YaraScanner.overlapBytes
        let tail = UnsafeRawBufferPointer(rebasing: window.buffer.bytes[(filled - kept)..<filled])
        if isAhead, let ahead {
            let full = window
            (code, window) = ahead.turn(full)
            window.buffer.bytes.copyMemory(from: tail)
            if code == 0 { ahead.scan(full, count: filled, at: base) }
        } else {
            code = tdr_yara_scan_window(scan, window.buffer.bytes.baseAddress, filled, UInt64(base))
            window.buffer.bytes.copyMemory(from: tail)
        }
        base += Int64(filled - kept)
        filled = kept
    }

    /// What the rules say of the stream.
    func finish() -> AntivirusVerdict {
        defer { source = nil }
        guard let scan else { return .notScanned("YARA: memory is short") }
        if isAhead, let outcome = ahead?.wait(), code == 0 { code = outcome }
        if filled > 0, code == 0 {
            code = tdr_yara_scan_window(scan, window.buffer.bytes.baseAddress, filled, UInt64(base))
        }
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
        _ = ahead?.wait()
        if let scan { tdr_yara_scan_abandon(scan) }
        source = nil
    }

    private func read(_ bytes: UnsafeMutableRawBufferPointer, at offset: UInt64) -> Int64 {
        guard let source, let count = try? source.read(into: bytes, at: Int64(offset)) else { return -1 }
        return Int64(count)
    }

    private final class Window: Sendable {
        let buffer = Buffer(count: YaraScanner.windowBytes)
    }

    /// Scans windows one after the other on a thread of its own.
    private final class Ahead: @unchecked Sendable {
        // Sendable: `code` and libyara's scanner are touched by the other thread between `scan` and `wait` only.

        private let scanner: OpaquePointer
        private let thread = SideThread()
        private var code: Int32 = 0
        private var other = Window()

        init(_ scanner: OpaquePointer) { self.scanner = scanner }

        /// Takes a full window and gives the one that was scanned before, and what came of that.
        func turn(_ full: Window) -> (Int32, Window) {
            defer { other = full }
            return (wait(), other)
        }

        func scan(_ window: Window, count: Int, at base: Int64) {
            thread.start {
                self.code = tdr_yara_scan_window(
                    self.scanner, window.buffer.bytes.baseAddress, count, UInt64(base))
            }
        }

        /// Waits for the last window; what came of it.
        func wait() -> Int32 {
            thread.wait()
            defer { code = 0 }
            return code
        }
    }

    private final class Hits {
        var names: [String] = []
        func add(_ space: String, _ rule: String) {
            // Rules of several files may have the same name; those that tdr brings need no surname.
            names.append(space == YaraRules.builtIn ? rule : "\(rule) (\(space))")
        }
    }
}
