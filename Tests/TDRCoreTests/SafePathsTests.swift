import BagIt
import Streams
import TDRTestSupport
import Testing

@testable import TDRCore

/// Walks through a consignment's paths: the safe names of a bag, and the folders as a tree.
@Suite struct SafePathsTests {
    private static let letters: [[UInt8]] =
        ["a", "A", "b", ".", " ", "~", "=", "%", ":", "-", "\u{E9}", "e\u{301}", "\u{DF}", "ss", "con", "x0"].map {
            Array($0.utf8)
        } + [[0xFF], [0xC3]]

    private static func name(_ generator: inout SeededGenerator) -> Name {
        let parts = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
            letters[Int.random(in: 0..<letters.count, using: &generator)]
        }
        let name = Array(parts.joined())
        return Name(name == [0x2E] || name == [0x2E, 0x2E] ? name + [0x61] : name)
    }

    /// A folder with many names that some system takes for one, on several levels.
    private static func tree(_ generator: inout SeededGenerator, levels: Int) -> Tree {
        var entries: [Name: Tree] = [:]
        for _ in 0..<(levels == 3 ? 60 : 6) {
            let isFolder = levels > 0 && Int.random(in: 0..<3, using: &generator) == 0
            entries[name(&generator)] = isFolder ? tree(&generator, levels: levels - 1) : "x"
        }
        return .folder(entries.sorted { $0.key.bytes.precedes($1.key.bytes) }.map { ($0.key, $0.value) } + [("z", "x")])
    }

    private func paths(_ consignment: Consignment, in store: Store) throws -> [RelativePath] {
        var paths: [RelativePath] = []
        try store.forEachPath(of: consignment) { paths.append($0) }
        return paths
    }

    @Test("every path has one of its own that every system can hold, below that of its folder", arguments: 0..<6)
    func unique(_ seed: Int) async throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let bench = try Bench(SafePathsTests.tree(&generator, levels: 3))
        // A few that lie too deep.
        _ = try makeDeep(
            in: bench.records, name: String(repeating: "e", count: 90), levels: 4, file: "a:", holding: [1])
        let consignment = try await bench.upload().consignment
        let paths = try paths(consignment, in: bench.store)
        let safe = try SafePaths(of: consignment, in: bench.store)
        let again = try SafePaths(of: consignment, in: bench.store)
        let walk = SafePathWalk(safe)
        var seen: Set<[String]> = []
        var changed = 0
        for path in paths {
            let own = try safe(path)
            #expect(try again(path) == own && walk(path) == own)
            #expect(PortableNames.risks(of: own.bytes) == [], "\(path.display) \(own.display)")
            #expect(!SafeName.isTooLong(path: BagName.payloadPrefix + own.bytes))
            let parts = own.bytes.split(separator: UInt8(ascii: "/")).map { SafeName.folded(Array($0)) }
            #expect(seen.insert(parts).inserted, "\(path.display) \(own.display)")
            let above = try path.parent.map { try safe($0) }
            #expect(own.parent == above || own.parent?.bytes == SafeName.longFolder)
            if own != path { changed += 1 }
        }
        #expect(changed == safe.count && changed > 0 && changed < paths.count)
        #expect(safe.longFolder != nil)
        // In any order, too.
        for path in paths.shuffled(using: &generator) { #expect(try walk(path) == safe(path)) }
    }

    @Test("the tree holds every path once, each between the beginning and the end of its folder", arguments: 0..<4)
    func tree(_ seed: Int) async throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let bench = try Bench(SafePathsTests.tree(&generator, levels: 3))
        _ = try makeDeep(in: bench.records, name: "d", levels: 30, file: "deep", holding: [1])
        // More than are read ahead, with names that sort among what the folder of the first part holds.
        try bench.folder.make("Records/many", .folder((0..<600).map { (Name("n\($0)"), "x") }))
        for name in ["many-", "many.txt", "many0"] { try bench.folder.make(Name("Records/\(name)"), "x") }
        let consignment = try await bench.upload().consignment
        var open: [RelativePath] = []
        var found: [RelativePath] = []
        try bench.store.forEachInTree(of: consignment) { step in
            switch step {
            case .enter(let path, _):
                #expect(path.parent == open.last)
                found.append(path)
                open.append(path)
            case .file(let path, _, let hasBytes):
                #expect(path.parent == open.last && hasBytes)
                found.append(path)
            case .leave: #expect(open.popLast() != nil)
            }
        }
        #expect(open.isEmpty)
        #expect(found.sorted() == (try paths(consignment, in: bench.store)))
    }
}
