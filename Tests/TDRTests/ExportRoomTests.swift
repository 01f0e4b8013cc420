import Streams
import TDRTestSupport
import Testing

@Suite struct ExportRoomTests {
    /// A checked consignment of which the store says that it is larger than any disk.
    private func bench() throws -> Workbench {
        let bench = try Workbench(["a": "x"])
        try bench.upload()
        try bench.tdr("check", "TDR-2026-C", "--antivirus", "none")
        try bench.folder.make("out", [:])
        try StoreRows.execute(bench.store, "UPDATE tally SET count = 1152921504606846976 WHERE statusType = 'Size'")
        return bench
    }

    @Test(
        "is refused before it starts where there is too little room for the records",
        arguments: [["--form", "tar"], ["--form", "folder"], ["--form", "zip", "--compression-level", "0"]])
    func refused(_ words: [String]) throws {
        let bench = try bench()
        let finished = try Program.run(
            Program.tdr, ["export", "TDR-2026-C", "--to", "out"] + words.map { Argument($0) },
            environment: bench.environment(), directory: bench.folder.path)
        #expect(finished.code == 1)
        #expect(finished.errors.contains("1152921504606846976 bytes are needed"), "\(finished.errors)")
        #expect(try names(in: bench.folder.appending("out")) == [])
        #expect(
            try StoreRows.value(bench.store, "SELECT count(*) FROM consignmentStatus WHERE statusType = 'Export'") == 0)
    }

    @Test("warns where it fits only when the records shrink enough, since that is not known before")
    func warned() throws {
        let bench = try bench()
        let finished = try bench.tdr("export", "TDR-2026-C", "--to", "out", "--form", "tar.gz", "--quiet")
        #expect(finished.errors.contains("warning: 'out' has "), "\(finished.errors)")
        #expect(finished.errors.contains("it fits only if the records shrink to less than 0 %"), "\(finished.errors)")
    }
}
