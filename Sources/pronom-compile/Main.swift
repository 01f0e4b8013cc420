import Glibc
import Pronom
import Streams

/// `pronom-compile BINARY CONTAINER OUTPUT [BINARY-NAME CONTAINER-NAME]`: turns signature files into the compiled form.
///
/// A tool of the build (`scripts/make-signatures.sh`), not of users. The names are those that reports will show.
@main
struct Main {
    static func main() {
        do {
            let arguments = CommandLine.arguments.dropFirst()
            guard arguments.count == 3 || arguments.count == 5 else {
                fail("usage: pronom-compile BINARY CONTAINER OUTPUT [BINARY-NAME CONTAINER-NAME]")
            }
            let paths = arguments.prefix(3).map { BytePath($0) }
            let names = arguments.count == 5 ? Array(arguments.suffix(2)) : paths.prefix(2).map(\.display)
            let compiled = try SignatureCompiler.compile(
                binary: SignatureDocument(name: names[0], bytes: read(paths[0])),
                container: SignatureDocument(name: names[1], bytes: read(paths[1])))
            for warning in compiled.warnings { report("\(warning)") }
            let output = try OpenFile.open(paths[2], flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
            var done = 0
            while done < compiled.bytes.count {
                let count = compiled.bytes[done...].withUnsafeBytes {
                    write(output.descriptor, $0.baseAddress, $0.count)
                }
                guard count > 0 else { throw SystemFault("write", paths[2]) }
                done += count
            }
            let set = try SignatureSet(compiled: compiled.bytes)
            print("\(set.formatCount) formats, \(set.signatureCount) signatures, \(compiled.bytes.count) bytes")
        } catch { fail("pronom-compile: \(error)") }
    }

    static func read(_ path: BytePath) throws -> [UInt8] {
        let file = try OpenFile.reading(path)
        var bytes = [UInt8](repeating: 0, count: Int(clamping: try file.status().size))
        let count = try bytes.withUnsafeMutableBytes { try file.fill($0) }
        return Array(bytes.prefix(count))
    }

    static func report(_ line: String) {
        let text = Array((line + "\n").utf8)
        // A message that cannot be written has nowhere else to go.
        _ = text.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    static func fail(_ message: String) -> Never {
        report(message)
        exit(1)
    }
}
