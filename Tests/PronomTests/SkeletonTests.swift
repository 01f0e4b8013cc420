import Pronom
import Streams
import Testing

@Suite(.enabled(if: Skeletons.shared != nil, "../shared with PRONOM V122 and the skeleton suite is not here"))
struct SkeletonTests {
    @Test("identifies every file of the skeleton suite as its name says")
    func expected() throws {
        let suite = try Skeletons.suite.get()
        var scan = FormatScan(suite.set)
        var right = 0
        for row in suite.rows {
            let found = try scan.identify(MemorySource(suite.bytes(row)), name: Array(row.path.utf8))
            let byContent = found.matches.filter { $0.method != .fileExtension }.map(\.puid)
            let isRight =
                row.expected == "UNKNOWN" || row.expected.isEmpty
                ? byContent.isEmpty : found.matches.contains { $0.puid == row.expected }
            #expect(isRight, "\(row.path): \(found.matches.map(\.puid)) instead of \(row.expected)")
            #expect(Set(byContent) == Set(row.all), "\(row.path)")
            if isRight { right += 1 }
        }
        #expect(right == 2530)
    }

    @Test("gives siegfried's answer in its view")
    func siegfried() throws {
        let suite = try Skeletons.suite.get()
        var scan = FormatScan(suite.set)
        for row in suite.rows {
            let answer = try scan.siegfriedAnswer(MemorySource(suite.bytes(row)), name: Array(row.path.utf8))
            #expect(answer.identifier == row.siegfried, "\(row.path) \(row.note)")
        }
    }

    @Test("answers the same however the bytes are cut")
    func chunking() throws {
        let suite = try Skeletons.suite.get()
        var generator = SeededGenerator(seed: 3)
        var scan = FormatScan(suite.set)
        // Every third file: enough for every kind, and a debug build is slow.
        for (index, row) in suite.rows.enumerated() where index.isMultiple(of: 3) {
            let bytes = try suite.bytes(row)
            let source = MemorySource(bytes)
            let name = Array(row.path.utf8)
            let whole = try scan.identify(source, name: name).matches.map(\.puid)
            for largest in [7, 1000, 200_000] where bytes.count / largest < 5000 {
                let cut = try push(bytes, to: &scan, largest: largest, using: &generator)
                #expect(
                    try scan.finish(source, name: name).matches.map(\.puid) == whole,
                    "\(row.path) in pieces up to \(cut)")
            }
        }
    }
}

/// Pushes bytes in pieces of random size; stops early half the time when no more are wanted.
@discardableResult
func push(
    _ bytes: [UInt8], to scan: inout FormatScan, largest: Int, using generator: inout SeededGenerator
) throws -> Int {
    scan.begin(size: Int64(bytes.count))
    let stopsEarly = Bool.random(using: &generator)
    var at = 0
    while at < bytes.count {
        let length = min(bytes.count - at, Int.random(in: 0...largest, using: &generator))
        // Each piece has its own memory, so that reading beyond it shows.
        let piece = Array(bytes[at..<at + length])
        let wants = try piece.withUnsafeBytes { try scan.consume($0) }
        at += length
        if !wants, stopsEarly { break }
    }
    return largest
}
