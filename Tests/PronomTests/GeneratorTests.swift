import Streams
import Testing

@testable import Pronom

/// Makes a file for each signature of the set the program is built with: the shortest one that has all its sequences.
///
/// `@testable`: patterns are not shown at any door.
@Suite struct GeneratorTests {
    @Test("identifies a file made from each signature of the built-in set")
    func specimens() throws {
        let set = try SignatureSet.bundled()
        let tables = set.tables
        var scan = FormatScan(set)
        var made = 0
        for index in 0..<tables.count(.signatures) where tables.signatures[index].primary != SignatureRecord.none {
            let signature = tables.signatures[index]
            guard let bytes = Specimen.bytes(signature, tables) else { continue }
            made += 1
            let why = try scan.explain(MemorySource(bytes), name: [])
            #expect(
                why.signatures.contains { $0.signature == Int(signature.id) },
                "signature \(signature.id) of \(tables.text(tables.formats[Int(signature.format)].puid))")
        }
        // Signatures whose own sequences contradict each other in a shortest file are not made.
        #expect(made > 1800)
    }
}

/// Bytes that have all sequences of a signature: those from the start one after the other, free ones behind them, those
/// from the end last.
enum Specimen {
    static func bytes(_ signature: SignatureRecord, _ tables: Tables) -> [UInt8]? {
        var head: [UInt8?] = []
        var middle: [UInt8] = []
        var tail: [UInt8?] = []
        for number in signature.sequences.range {
            let sequence = tables.sequences[number]
            switch Anchor(rawValue: sequence.anchor) {
            case .start:
                guard let laid = lay(sequence, tables, over: head) else { return nil }
                head = laid
            case .end:
                guard let laid = lay(sequence, tables, over: tail) else { return nil }
                tail = laid
            case .variable:
                guard let laid = lay(sequence, tables, over: []) else { return nil }
                middle += laid.map { $0 ?? filler }
            default: return nil
            }
        }
        return head.map { $0 ?? filler } + middle + tail.reversed().map { $0 ?? filler }
    }

    private static let filler: UInt8 = 0x5A

    /// Lays the chains of a sequence over what is there; nil where they contradict it at every allowed place.
    private static func lay(_ sequence: SequenceRecord, _ tables: Tables, over: [UInt8?]) -> [UInt8?]? {
        var bytes = over
        var position = 0
        for number in sequence.chains.range {
            let chain = tables.chains[number]
            let run = shortest(chain, tables)
            let low = position + Int(chain.minimum)
            let high = chain.maximum == ChainRecord.unbounded ? max(low, bytes.count) : Int(chain.maximum)
            guard let start = (low...max(low, high)).first(where: { fits(run, bytes, at: $0) }) else { return nil }
            while bytes.count < start + run.count { bytes.append(nil) }
            for (offset, byte) in run.enumerated() where byte != nil { bytes[start + offset] = byte }
            position = start + run.count
        }
        return bytes
    }

    private static func fits(_ run: [UInt8?], _ bytes: [UInt8?], at start: Int) -> Bool {
        run.indices.allSatisfy {
            start + $0 >= bytes.count || run[$0] == nil || bytes[start + $0] == nil || bytes[start + $0] == run[$0]
        }
    }

    private static func shortest(_ chain: ChainRecord, _ tables: Tables) -> [UInt8?] {
        var run: [UInt8?] = []
        for node in chain.nodes.range {
            run += [UInt8?](repeating: nil, count: Int(tables.nodes[node].gapMinimum))
            let alternative = tables.alternatives[Int(tables.nodes[node].alternatives.start)]
            for number in alternative.steps.range {
                let step = tables.steps[number]
                for place in 0..<Int(step.count) {
                    switch step.kind {
                    case StepRecord.literal: run.append(tables.patternBytes[Int(step.start) + place])
                    case StepRecord.sets:
                        let bits = tables.sets + Int(tables.setNumbers[Int(step.start) + place]) * 32
                        run.append((0...255).first { bits[Int($0 >> 3)] >> UInt8($0 & 7) & 1 == 1 }.map { UInt8($0) })
                    default: run.append(nil)
                    }
                }
            }
        }
        return run
    }
}
