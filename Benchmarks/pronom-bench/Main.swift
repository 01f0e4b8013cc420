import Glibc
import Pronom
import Streams

// Small runner for measuring and comparing; not a product.
//   pronom-bench compile BINARY.xml CONTAINER.xml OUT      compile signature files
//   pronom-bench list [--siegfried] SIGNATURES PATH...     puid list per file (tab separated)
//   pronom-bench time REPEAT SIGNATURES PATH...            identify all files REPEAT times, CPU and wall seconds
//   pronom-bench hash|hashscan SIGNATURES PATH...          SHA-256 alone, or with the scan in the same pass
//   pronom-bench allocations SIGNATURES PATH...            allocations per file once all buffers have grown, by kind; with
//                                                          LD_PRELOAD of what Benchmarks/allocations.c makes
//   pronom-bench explain SIGNATURES FILE
//   pronom-bench load SIGNATURES                           milliseconds until the engine is ready
@main
struct Main {
    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard let verb = arguments.first else { return print("usage: see the source") }
        let rest = Array(arguments.dropFirst())
        switch verb {
        case "compile": try compile(rest)
        case "list": try list(rest)
        case "time": try time(rest)
        case "hash": try hash(rest, scanning: false)
        case "hashscan": try hash(rest, scanning: true)
        case "allocations": try allocations(rest)
        case "explain": try explain(rest)
        case "load": try load(rest)
        default: print("unknown verb \(verb)")
        }
    }

    static func compile(_ arguments: [String]) throws {
        func document(_ path: String) throws -> SignatureDocument {
            SignatureDocument(
                name: String(decoding: BytePath(path).lastComponent, as: UTF8.self), bytes: try bytes(path))
        }
        let start = seconds(CLOCK_MONOTONIC)
        let compiled = try SignatureCompiler.compile(
            binary: document(arguments[0]), container: document(arguments[1]))
        let took = seconds(CLOCK_MONOTONIC) - start
        let file = try OpenFile.open(BytePath(arguments[2]), flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        let written = compiled.bytes.withUnsafeBytes { write(file.descriptor, $0.baseAddress, $0.count) }
        for warning in compiled.warnings { print(warning) }
        print("\(written) bytes, compiled in \(took) s")
    }

    static func load(_ arguments: [String]) throws {
        for _ in 0..<2 {
            let start = seconds(CLOCK_MONOTONIC)
            let set = try SignatureSet.bundled()
            let scan = FormatScan(set)
            print(
                "bundled \((seconds(CLOCK_MONOTONIC) - start) * 1e3) ms, \(set.binaryFile.name) \(set.containerFile.name)"
            )
            _ = consume scan
        }
        for _ in 0..<5 {
            let start = seconds(CLOCK_MONOTONIC)
            let set = try SignatureSet(mapping: BytePath(arguments[0]))
            let mapped = seconds(CLOCK_MONOTONIC)
            let scan = FormatScan(set)
            let done = seconds(CLOCK_MONOTONIC)
            print(
                "map \((mapped - start) * 1e3) ms, scan \((done - mapped) * 1e3) ms, \(set.signatureCount) signatures")
            _ = consume scan
        }
    }

    static func list(_ arguments: [String]) throws {
        var arguments = arguments
        let isSiegfried = arguments.first == "--siegfried"
        if isSiegfried { arguments.removeFirst() }
        let set = try SignatureSet(mapping: BytePath(arguments[0]))
        var scan = FormatScan(set)
        var lines = ""
        for path in files(Array(arguments.dropFirst())) {
            do {
                let file = try OpenFile.reading(path)
                let size = try file.status().size
                let source = FileSource(file, count: size)
                if isSiegfried {
                    let answer = try scan.siegfriedAnswer(source, name: path.bytes)
                    lines += "\(path.display)\t\(answer.identifier)\t\(answer.basis)\t\(answer.warning)\n"
                } else {
                    let found = try scan.identify(source, name: path.bytes)
                    let puids = found.matches.map(\.puid).joined(separator: " ")
                    lines += "\(path.display)\t\(puids)\t\(found.matches.first?.method.rawValue ?? "")"
                    lines += "\t\(found.isExtensionMismatch)\t\(found.encryption?.reason ?? "")\n"
                }
            } catch { lines += "\(path.display)\tERROR \(error)\t\t\t\n" }
        }
        print(lines, terminator: "")
    }

    static func time(_ arguments: [String]) throws {
        let repeats = Int(arguments[0]) ?? 1
        let set = try SignatureSet(mapping: BytePath(arguments[1]))
        let paths = files(Array(arguments.dropFirst(2)))
        for _ in 0..<repeats {
            var scan = FormatScan(set)
            let cpu = seconds(CLOCK_PROCESS_CPUTIME_ID)
            let wall = seconds(CLOCK_MONOTONIC)
            var matches = 0
            var total: Int64 = 0
            for path in paths {
                let file = try OpenFile.reading(path)
                let size = try file.status().size
                total += size
                matches += try scan.identify(FileSource(file, count: size), name: path.bytes).matches.count
            }
            print(
                "files \(paths.count) bytes \(total) matches \(matches) cpu \(seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu)",
                "wall \(seconds(CLOCK_MONOTONIC) - wall) rss \(peak()) KiB")
        }
    }

    static func hash(_ arguments: [String], scanning: Bool) throws {
        let set = try SignatureSet(mapping: BytePath(arguments[0]))
        let paths = files(Array(arguments.dropFirst()))
        var scan = FormatScan(set)
        let cpu = seconds(CLOCK_PROCESS_CPUTIME_ID)
        let wall = seconds(CLOCK_MONOTONIC)
        let buffer = Buffer(count: 1 << 20)
        var sum = 0
        for path in paths {
            let file = try OpenFile.reading(path)
            let size = try file.status().size
            var hasher = SHA256Hasher()
            if scanning { scan.begin(size: size) }
            var wants = scanning
            while true {
                let count = try file.fill(buffer.bytes)
                if count == 0 { break }
                hasher.update(buffer.prefix(count))
                if wants { wants = try scan.consume(buffer.prefix(count)) }
            }
            sum += hasher.finish().bytes.count
            if scanning { sum += try scan.finish(FileSource(file, count: size), name: path.bytes).matches.count }
        }
        print(
            "files \(paths.count) cpu \(seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu)",
            "wall \(seconds(CLOCK_MONOTONIC) - wall) rss \(peak()) KiB \(sum)")
    }

    static func allocations(_ arguments: [String]) throws {
        guard let symbol = dlsym(nil, "tdr_allocations") else { return print("the counter is not preloaded") }
        let counter = unsafeBitCast(symbol, to: (@convention(c) () -> Int).self)
        let set = try SignatureSet(mapping: BytePath(arguments[0]))
        let paths = files(Array(arguments.dropFirst()))
        var scan = FormatScan(set)
        var kinds: [String: (files: Int, calls: Int, most: Int)] = [:]
        // Twice: what buffers need to grow to is counted the first time.
        for isCounted in [false, true] {
            for path in paths {
                let file = try OpenFile.reading(path)
                let source = FileSource(file, count: try file.status().size)
                let name = path.bytes
                let before = counter()
                let found = try scan.identify(source, name: name)
                let calls = counter() - before
                guard isCounted else { continue }
                let method = found.matches.first?.method.rawValue ?? "none"
                let kind = kinds[method] ?? (0, 0, 0)
                kinds[method] = (kind.files + 1, kind.calls + calls, max(kind.most, calls))
            }
        }
        for (method, kind) in kinds.sorted(by: { $0.key < $1.key }) {
            print("\(method) files \(kind.files) allocations \(kind.calls) most \(kind.most)")
        }
    }

    static func explain(_ arguments: [String]) throws {
        let set = try SignatureSet(mapping: BytePath(arguments[0]))
        var scan = FormatScan(set)
        let path = BytePath(arguments[1])
        let file = try OpenFile.reading(path)
        let found = try scan.explain(FileSource(file, count: file.status().size), name: path.bytes)
        for match in found.identification.matches {
            print(match.puid, match.name, match.version, match.mime, match.method.rawValue, match.isExtensionMismatch)
        }
        for hit in found.signatures {
            print(
                "  signature \(hit.signature) of \(hit.puid):",
                hit.places.map { "\($0.isFromEnd ? "-" : "")\($0.offset)+\($0.length)" })
        }
        print("  container", found.container?.name ?? "none", found.containerFault ?? "")
        for hit in found.containerHits {
            print("  container signature \(hit.signature) \(hit.puid) \(hit.description) \(hit.members.map(\.name))")
        }
        for lost in found.outranked { print("  \(lost.puid) outranked by \(lost.by)") }
    }

    static func bytes(_ path: String) throws -> [UInt8] {
        let file = try OpenFile.reading(BytePath(path))
        var out = [UInt8](repeating: 0, count: Int(try file.status().size))
        let count = try out.withUnsafeMutableBytes { try file.fill($0) }
        return Array(out.prefix(count))
    }

    static func files(_ roots: [String]) -> [BytePath] {
        var out: [BytePath] = []
        for root in roots { walk(BytePath(root), &out) }
        return out
    }

    static func walk(_ path: BytePath, _ out: inout [BytePath]) {
        var status = stat()
        guard path.withCString({ lstat($0, &status) }) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFREG { return out.append(path) }
        guard status.st_mode & S_IFMT == S_IFDIR, let directory = path.withCString({ opendir($0) }) else { return }
        defer { closedir(directory) }
        var names: [[UInt8]] = []
        while let entry = readdir(directory) {
            // The record ends with the name; the array that its type declares may reach beyond the buffer.
            guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { continue }
            let text = (UnsafeRawPointer(entry) + offset).assumingMemoryBound(to: CChar.self)
            let name = UnsafeRawBufferPointer(start: text, count: strlen(text)).map { $0 }
            if name != [0x2E], name != [0x2E, 0x2E] { names.append(name) }
        }
        for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) { walk(path.appending(name), &out) }
    }

    static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Peak resident KiB of this program alone (`ru_maxrss` would count what it was forked from).
    static func peak() -> Int {
        guard let file = fopen("/proc/self/status", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, 256, file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if text.hasPrefix("VmHWM:") { return Int(text.filter(\.isNumber)) ?? 0 }
        }
        return 0
    }
}
