import Streams
import TDRTestSupport
import Testing

@testable import Delimited

/// All records of `bytes`, given to the reader in pieces of `step` bytes.
private func records(
    _ bytes: [UInt8], step: Int = 1 << 16, limits: RecordLimits = RecordLimits()
) throws -> [[String]] {
    var place = 0
    var reader = RecordReader(limits: limits, piece: step) { buffer in
        let count = min(step, buffer.count, bytes.count - place)
        buffer.copyBytes(from: bytes[place..<place + count])
        place += count
        return count
    }
    var out: [[String]] = []
    while try reader.next() { out.append(reader.fields) }
    return out
}

private func records(_ text: String) throws -> [[String]] { try records(Array(text.utf8)) }

private func fault(_ bytes: [UInt8], limits: RecordLimits = RecordLimits()) -> DelimitedFault? {
    do {
        _ = try records(bytes, limits: limits)
        return nil
    } catch {
        return error as? DelimitedFault
    }
}

@Suite struct RecordReaderTests {
    @Test(
        "records are read as RFC 4180 writes them",
        arguments: [
            ("a,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]),
            ("a,b\n1,2", [["a", "b"], ["1", "2"]]),
            ("a\rb\r", [["a"], ["b"]]),
            ("\u{FEFF}a,b\n", [["a", "b"]]),
            ("\"a\r\nb\",\"say \"\"hi\"\"\"\n", [["a\r\nb", "say \"hi\""]]),
            (",\n", [["", ""]]),
            ("\"\"\n", [[""]]),
            ("a\n\n\r\nb\n", [["a"], ["b"]]),
            ("", []),
            ("=cmd|'/C calc'!A0,@x\n", [["=cmd|'/C calc'!A0", "@x"]]),
            ("文書,é\n", [["文書", "é"]]),
        ])
    func forms(text: String, expected: [[String]]) throws {
        #expect(try records(text) == expected)
    }

    @Test("a text that is no such values is refused, with its line")
    func faults() {
        #expect(fault(Array("a\n\"b".utf8)) == DelimitedFault(kind: .openQuote, line: 2, record: 2))
        #expect(fault(Array("a\nb\"c\n".utf8)) == DelimitedFault(kind: .strayQuote, line: 2, record: 2))
        #expect(fault(Array("a\n\"b\"c\n".utf8)) == DelimitedFault(kind: .afterQuote, line: 2, record: 2))
        #expect(fault(Array("a\nb".utf8) + [0]) == DelimitedFault(kind: .nul, line: 2, record: 2))
        #expect(fault(Array("a\r\nb".utf8) + [0xFF, 0x0A]) == DelimitedFault(kind: .notUTF8, line: 2, record: 2))
    }

    @Test("no more of a hostile line is kept than the limits allow")
    func limits() {
        let commas = [UInt8](repeating: 0x2C, count: 1_000_000)
        #expect(fault(commas)?.kind == .tooManyFields(limit: 512))
        let huge = [UInt8(ascii: "\"")] + [UInt8](repeating: 0x61, count: 5_000_000) + [UInt8(ascii: "\"")]
        #expect(fault(huge)?.kind == .fieldTooLong(limit: 256 << 10))
        var small = RecordLimits()
        small.record = 10
        #expect(fault(Array("aaaa,bbbb,cccc\n".utf8), limits: small)?.kind == .recordTooLong(limit: 10))
    }

    @Test("what was written is read again, in pieces of any size", arguments: 0..<200)
    func roundTrip(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let alphabet = ["a", ",", "\"", "\r", "\n", "é", "文", ";", " "]
        let width = Int.random(in: 1...5, using: &random)
        let table = (0..<Int.random(in: 1...8, using: &random)).map { _ in
            (0..<width).map { _ in
                (0..<Int.random(in: 0...6, using: &random)).map { _ in
                    alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
                }.joined()
            }
        }
        let end = Bool.random(using: &random) ? "\r\n" : "\n"
        let text = table.map { row in
            row.map { "\"" + $0.replacing("\"", with: "\"\"") + "\"" }.joined(separator: ",") + end
        }.joined()
        let bytes = Array(text.utf8)
        #expect(try records(bytes, step: Int.random(in: 1...7, using: &random)) == table)
    }

    @Test("bytes of any kind end in records or in a fault", arguments: 0..<300)
    func fuzz(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed) &+ 1000)
        let usual: [UInt8] = [0x22, 0x2C, 0x0A, 0x0D, 0x61, 0xC3, 0xA9, 0xEF, 0xBB, 0xBF, 0x00]
        let bytes = (0..<Int.random(in: 0...400, using: &random)).map { _ in
            usual[Int.random(in: 0..<(Bool.random(using: &random) ? 7 : usual.count), using: &random)]
        }
        let whole = Result { try records(bytes) }
        let pieces = Result { try records(bytes, step: 1) }
        switch (whole, pieces) {
        case (.success(let a), .success(let b)): #expect(a == b)
        case (.failure(let a), .failure(let b)): #expect(a as? DelimitedFault == b as? DelimitedFault)
        default: Issue.record("one way of reading succeeds, the other fails: \(bytes)")
        }
    }
}
