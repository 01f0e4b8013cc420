import Glibc
import Streams
import TDRTestSupport
import Testing

@testable import TDRCore

/// Files at the edge of what engines look at; sparse, so that they cost no disk.
@Suite(.serialized, .enabled(if: Clamd.isInstalled, "clamd is not installed: Debian's package clamav-daemon has it"))
struct LargeFileTests {
    private static let gigabyte: Int64 = 1_000_000_000

    private static func make(_ size: Int64, eicarAt places: [Int64], in folder: TemporaryFolder) throws -> BytePath {
        let path = folder.appending("large")
        let file = try OpenFile.open(path, flags: O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode: 0o600)
        try file.truncate(to: size)
        for place in places { try overwrite(path, at: Int(place), with: Clamd.eicar) }
        return path
    }

    private static func isFound(_ verdict: AntivirusVerdict) -> Bool {
        if case .found = verdict { true } else { false }
    }

    @Test("clamd finds EICAR in a file of 1.9 GB")
    func below() throws {
        let folder = try TemporaryFolder()
        let clamd = try Clamd(maxFileSize: "2000M")
        let path = try LargeFileTests.make(19 * LargeFileTests.gigabyte / 10, eicarAt: [0], in: folder)
        let engine = try ClamdEngine.find(.path(clamd.configuration), .automatic)
        #expect(LargeFileTests.isFound(try verdict(of: engine, at: path)))
    }

    @Test("clamd is not believed about 3 GB, wherever EICAR is", arguments: [0, 3 * gigabyte - 68])
    func beyond(_ place: Int64) throws {
        let folder = try TemporaryFolder()
        let clamd = try Clamd(maxFileSize: "4000M")
        let path = try LargeFileTests.make(3 * LargeFileTests.gigabyte, eicarAt: [place], in: folder)
        let engine = try ClamdEngine.find(.path(clamd.configuration), .automatic)
        #expect(engine.maximumBytes == 2_147_483_647)
        guard case .notScanned(let reason) = try verdict(of: engine, at: path) else {
            Issue.record("called scanned")
            return
        }
        #expect(reason.contains("3000000000 bytes are more than the 2147483647"))
    }

    @Test("clamd in windows and YARA find it in 3 GB, up to the last byte", arguments: ["clamd", "YARA"])
    func scanned(_ name: String) throws {
        let folder = try TemporaryFolder()
        let clamd = try Clamd(maxFileSize: "100M")
        var policy = AntivirusPolicy([])
        policy.oversize = .windows
        let engine: any AntivirusEngine =
            name == "clamd"
            ? try ClamdEngine.find(.path(clamd.configuration), policy)
            : YaraEngine(
                try YaraRules.compiled([], cache: nil), fileSeconds: 600, temporaryFolder: BytePath("/tmp"))
        // clamd takes its time for this much: the last window, which hangs on all others, stands for them.
        for place in name == "YARA" ? [0, 3 * LargeFileTests.gigabyte - 68] : [3 * LargeFileTests.gigabyte - 68] {
            let path = try LargeFileTests.make(3 * LargeFileTests.gigabyte, eicarAt: [place], in: folder)
            #expect(LargeFileTests.isFound(try verdict(of: engine, at: path)), "\(place)")
            try remove(path)
        }
    }
}
