import Archives
import BagIt
import Streams
import Testing

/// Bags with random damage: whatever it is, the check ends, and never says "valid" of a payload that changed.
@Suite struct MutationTests {
    private static func damage(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        guard !bytes.isEmpty else { return }
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes[place] = [0, 0x0A, 0x0D, 0x20, 0x25, 0x2F, 0x2E, 0xFF].randomElement(using: &random) ?? 0
            case 2: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...40, using: &random)))
            case 3: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 40)], at: place)
            default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
            }
            if bytes.isEmpty { return }
        }
    }

    @Test("a damaged tag file never crashes the check, and hides no damaged payload", arguments: 0..<60)
    func tagFiles(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        for name in ["bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"] {
            var draft = try BagDraft.valid(["data/a.txt": "first\n", "data/50%\n.txt": "x", "data/caf\u{E9}": "y"])
            var bytes = try unwrap(draft[name])
            let before = bytes
            MutationTests.damage(&bytes, &random)
            draft[name] = bytes
            let report = try await draft.checkedAsArchive()
            // The tag manifest tells every change of the others.
            if bytes != before, name != "tagmanifest-sha256.txt" { #expect(report.verdict != .valid) }
            draft["data/a.txt"] = Array("First\n".utf8)
            #expect(try await draft.checkedAsArchive().verdict != .valid)
        }
    }

    @Test("a damaged archive is never a valid bag with another payload", arguments: 0..<60)
    func archives(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed &+ 1000)
        let draft = try BagDraft.valid()
        for compression in [true, false] {
            let whole = try draft.tar(compression: compression ? .gzip(level: 6) : .none)
            var bytes = whole
            MutationTests.damage(&bytes, &random)
            let report = try await check(archive: bytes)
            guard report.verdict == .valid, bytes != whole else { continue }
            // Valid all the same: then what changed was none of the content.
            #expect(report.payloadFiles == 2)
            #expect(report.payloadBytes == 13)
            #expect(report.info.values("Payload-Oxum") == ["13.2"])
        }
    }

    @Test("any change of the payload is found", arguments: 0..<30)
    func payload(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed &+ 5000)
        var draft = try BagDraft.valid(["data/a": "some content to change", "data/b": "other"], version: .draft97)
        let before = draft["data/a"]
        var bytes = try unwrap(before)
        MutationTests.damage(&bytes, &random)
        draft["data/a"] = bytes
        let isSame = bytes == before
        #expect((try await draft.checkedAsFolder().verdict == .valid) == isSame)
        #expect((try await draft.checkedAsArchive(compression: .gzip(level: 1)).verdict == .valid) == isSame)
    }
}
