import Foundation
import Testing

/// What is made from the commands and checked in: manual pages and completions.
@Suite struct GeneratedFilesTests {
    @Test("the manual pages and completions are those of the commands; `make man completions` writes them again")
    func generatedFilesAreCurrent() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tdr-generated-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }  // a left-over folder harms nothing
        try Clone.run("/usr/bin/env", ["bash", "scripts/generate.sh", folder.path, Clone.tdr.path])
        for kind in ["man", "completions"] {
            let recorded = Clone.root.appendingPathComponent(kind)
            let made = folder.appendingPathComponent(kind)
            let names = try FileManager.default.contentsOfDirectory(atPath: made.path).sorted()
            #expect(!names.isEmpty)
            #expect(try FileManager.default.contentsOfDirectory(atPath: recorded.path).sorted() == names)
            for name in names {
                let old = try String(contentsOf: recorded.appendingPathComponent(name), encoding: .utf8)
                let new = try String(contentsOf: made.appendingPathComponent(name), encoding: .utf8)
                #expect(old == new, "\(kind)/\(name) is not current")
            }
        }
    }

    @Test("every command has a manual page")
    func everyCommandHasAPage() throws {
        let pages = try Clone.commands().map { "tdr-\($0.name).1" } + ["tdr.1"]
        let man = Clone.root.appendingPathComponent("man").path
        #expect(try FileManager.default.contentsOfDirectory(atPath: man).sorted() == pages.sorted())
    }
}
