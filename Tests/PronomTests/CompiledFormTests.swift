import Glibc
import Pronom
import Streams
import Testing

@Suite struct CompiledFormTests {
    private func write(_ bytes: [UInt8]) throws -> BytePath {
        let path = BytePath("/tmp/tdr-compiled-\(getpid())-\(UInt64.random(in: 0...UInt64.max))")
        let file = try OpenFile.open(path, flags: O_WRONLY | O_CREAT | O_EXCL)
        let written = bytes.withUnsafeBytes { Glibc.write(file.descriptor, $0.baseAddress, $0.count) }
        #expect(written == bytes.count)
        return path
    }

    @Test("is used in place when it is mapped")
    func mapped() throws {
        let path = try write(SignatureXML(sequence: "4D5A").compiled().bytes)
        let set = try SignatureSet(mapping: path)
        _ = path.withCString { unlink($0) }
        #expect(try identify(hex("4D5A"), with: set).matches.map(\.puid) == ["fmt/1"])
    }

    @Test("is the same for the same files")
    func reproducible() throws {
        #expect(try SignatureXML(sequence: "4D5A").compiled().bytes == SignatureXML(sequence: "4D5A").compiled().bytes)
    }

    @Test("refuses what is not one")
    func refused() throws {
        let bytes = try SignatureXML(sequence: "4D5A").compiled().bytes
        func fault(_ bytes: [UInt8]) -> CompiledFormFault? {
            do throws(CompiledFormFault) {
                _ = try SignatureSet(compiled: bytes)
                return nil
            } catch { return error }
        }
        #expect(fault(bytes) == nil)
        #expect(fault([]) == .notCompiledSignatures)
        #expect(fault([UInt8](repeating: 0, count: 4096)) == .notCompiledSignatures)
        #expect(fault(Array(bytes.dropLast())) == .damaged)
        #expect(fault(bytes + [0]) == .damaged)
        var other = bytes
        other.swapAt(8, 11)
        other.swapAt(9, 10)
        #expect(fault(other) == .otherLayout)
        for offset in stride(from: 20, to: bytes.count, by: 7) {
            var damaged = bytes
            damaged[offset] ^= 0x40
            // The digests of the source files, the names' places and the reserved word are not covered, but harmless.
            guard (24..<56).contains(offset) || offset >= 160 else { continue }
            #expect(fault(damaged) == .damaged, "byte \(offset)")
        }
    }
}
