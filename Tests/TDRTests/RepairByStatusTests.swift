import Glibc
import Streams
import TDRTestSupport
import Testing

/// A transfer that fails in every way, put right by what `tdr status` says.
@Suite struct RepairByStatusTests {
    private static func make(_ bench: Workbench, _ which: Argument) throws {
        let script = BytePath(#filePath).directory.appending("failing-records.py")
        let made = try Program.run(
            BytePath("/usr/bin/python3"), [Argument(script), Argument(bench.records), which])
        try #require(made.code == 0, "\(made.errors)")
    }

    /// The commands that a status prints, those of one file together: the file's line stands above them.
    private static func commands(_ status: String) -> [[String]] {
        var out: [[String]] = []
        var isOpen = false
        for line in status.split(separator: "\n") {
            let text = String(line.drop { $0 == " " })
            guard text.hasPrefix("tdr ") else {
                isOpen = false
                continue
            }
            if isOpen { out[out.count - 1].append(text) } else { out.append([text]) }
            isOpen = true
        }
        return out
    }

    private static func next(_ status: String) -> String? {
        status.split(separator: "\n").first { $0.hasPrefix("Next: ") }.map { String($0.dropFirst(6)) }
    }

    @Test(
        "a transfer with more than twelve kinds of failing files comes to a clean export by the commands of its status",
        .enabled(if: Clamd.isInstalled && isRoot))
    func followed() throws {
        let clamd = try Clamd()
        let bench = try Workbench([:])
        try RepairByStatusTests.make(bench, "bad")
        try Tree.file(Clamd.eicar).make(at: bench.records.appending("8 infected.txt"))
        let closed = bench.records.appending("9 closed.txt")
        try setMode(closed, 0)
        let environment: [String: Argument] = [
            "TDR_CLAMD": Argument(clamd.socket),
            "PATH": Argument((Program.tdr.directory.text ?? "") + ":/usr/bin:/bin"),
        ]
        // Root without the right to read everything.
        let uploaded = try Program.run(
            BytePath("/usr/bin/setpriv"),
            ["--bounding-set=-dac_override,-dac_read_search", Argument(Program.tdr)] + Workbench.uploading,
            environment: bench.environment(environment), directory: bench.folder.path)
        try #require(uploaded.code == 2, "\(uploaded.errors)")
        let reference = uploaded.line
        let object = try StoreRows.object(bench.store, "Records/10 altered.txt")
        try setMode(object, 0o600)
        try overwrite(object, at: 5, with: [UInt8(ascii: "B")])
        try setMode(object, 0o400)
        let references = "SELECT path || ' ' || reference FROM file ORDER BY path"
        let before = try StoreRows.texts(bench.store, references)

        // The first look and check; then the people mend at the source what can be mended there.
        #expect(try bench.tdr("check", Argument(reference), environment: environment).code == 2)
        try RepairByStatusTests.make(bench, "mended")
        let mended = [
            "1 empty", "4 locked", "5 locked", "7 $(touch gone)", "8 infected", "9 closed", "13 several", "10 altered",
        ]
        var kinds: Set<String> = []
        var rounds = 0
        while rounds < 10 {
            rounds += 1
            let status = try bench.tdr("status", Argument(reference), environment: environment).output
            for line in status.split(separator: "\n") where line.hasPrefix("  ") && line.contains(" file") {
                let words = line.split(separator: " ")
                if words.count > 2, words[1].hasSuffix(",") { kinds.insert("\(words[0]) \(words[1].dropLast())") }
            }
            let groups = RepairByStatusTests.commands(status)
            for group in groups {
                let replace = group.first { command in
                    command.hasPrefix("tdr upload --replace") && mended.contains { command.contains($0) }
                }
                let chosen = try #require(replace ?? group.first { $0.hasPrefix("tdr withdraw") } ?? group.first)
                let done = try Program.run(
                    BytePath("/bin/bash"), ["-c", Argument(chosen)], environment: bench.environment(environment),
                    directory: bench.folder.path)
                #expect(done.code == 0, "\(chosen): \(done.errors)")
            }
            let next = try #require(RepairByStatusTests.next(status))
            if groups.isEmpty, next.hasPrefix("tdr export") { break }
            if next.hasPrefix("tdr check") || !groups.isEmpty {
                let checked = try bench.tdr("check", Argument(reference), environment: environment)
                #expect([0, 2].contains(checked.code), "\(checked.errors)")
            }
        }
        #expect(kinds.count >= 12, "\(kinds.sorted())")
        #expect(
            kinds.isSuperset(of: ["Upload Failed", "Antivirus VirusDetected", "ChecksumMatch Mismatch", "FFID Zip"]))
        try bench.folder.make("out", [:])
        let status = try bench.tdr("status", Argument(reference), environment: environment)
        #expect(status.code == 0, "\(status.output)")
        let next = try #require(RepairByStatusTests.next(status.output))
        let exported = try bench.shell(next.replacing("DIR", with: "out --form folder"), environment)
        #expect(exported.code == 0, "\(exported.errors)")
        #expect(try bench.tdr("verify", Argument("out/" + reference)).code == 0)

        // The same consignment, the same references, and nothing that was withdrawn.
        #expect(try StoreRows.value(bench.store, "SELECT count(*) FROM consignment") as Int? == 1)
        let after = try StoreRows.texts(bench.store, references)
        #expect(Set(after).isSubset(of: before))
        let data = bench.folder.path.appending("out/\(reference)/data/Records")
        #expect(
            try names(in: data) == [
                "1 empty.txt", "10 altered.txt", "13 several.doc", "4 locked.docx", "5 locked.pdf",
                "7 $(touch gone) `unknown`", "8 infected.txt", "9 closed.txt", "good.txt", "kept",
            ])
        #expect(try contents(of: data.appending("8 infected.txt")) == Array("a clean copy\n".utf8))
        #expect(
            try contents(of: data.appending("10 altered.txt"))
                == contents(of: bench.records.appending("10 altered.txt")))
        #expect(!exists(bench.folder.appending("gone")))
        #expect(try StoreRows.wrongTallies(bench.store) == [])
        let csv = String(
            decoding: try contents(of: bench.folder.path.appending("out/\(reference)/file-metadata.csv")), as: UTF8.self
        )
        #expect(!csv.contains("packed.zip") && csv.contains("8 infected.txt"))
        // The history keeps what went.
        #expect(
            try StoreRows.value(bench.store, "SELECT count(*) FROM event WHERE what = 'Withdrawn'") as Int? == before
                .count - after.count)
        #expect(
            try StoreRows.texts(bench.store, "SELECT new FROM event WHERE what = 'Quarantine' ORDER BY id") == [
                "Held: Tdr.Eicar.UNOFFICIAL", "Replaced",
            ])
    }
}
