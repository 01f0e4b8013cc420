import Glibc
import Streams
import TDRTestSupport
import Testing

@testable import TDRCore

/// An engine in one of its ways, with what it needs to live.
private struct Subject {
    let engine: any AntivirusEngine
    let clamd: Clamd?
}

/// The ways in which files reach an engine.
enum EngineKind: String, CaseIterable, CustomTestStringConvertible {
    case clamdByDescriptor, clamdByStream, yara

    var testDescription: String { rawValue }
    static let clamds: [EngineKind] = [.clamdByDescriptor, .clamdByStream]

    fileprivate func make(
        maxFileSize: String = "20M", _ more: String = "", _ change: (inout AntivirusPolicy) -> Void = { _ in }
    ) throws -> Subject {
        var policy = AntivirusPolicy([])
        policy.restartSeconds = 0
        policy.fileSeconds = 60
        change(&policy)
        guard self != .yara else {
            return Subject(
                engine: YaraEngine(
                    try YaraRules.compiled([], cache: nil), fileSeconds: policy.fileSeconds,
                    temporaryFolder: BytePath("/tmp")), clamd: nil)
        }
        let clamd = try Clamd(maxFileSize: maxFileSize, tcp: self == .clamdByStream, more)
        let place: ClamdPlace = clamd.port.map { .tcp(host: "localhost", port: $0) } ?? .path(clamd.configuration)
        if self == .clamdByStream, policy.clamdMaximumBytes == nil { policy.clamdMaximumBytes = 20 << 20 }
        return Subject(engine: try ClamdEngine.find(place, policy), clamd: clamd)
    }
}

extension AntivirusVerdict {
    fileprivate var isFound: Bool { if case .found = self { true } else { false } }
    /// Why it was not scanned; nil when it was.
    fileprivate var reason: String? { if case .notScanned(let reason) = self { reason } else { nil } }
}

/// What every engine promises.
@Suite(.enabled(if: Clamd.isInstalled, "clamd is not installed: Debian's package clamav-daemon has it"))
struct AntivirusContractTests {
    @Test("passes what is clean, an empty file too, and names what it finds", arguments: EngineKind.allCases)
    func plain(_ kind: EngineKind) throws {
        let subject = try kind.make()
        #expect(try verdict(of: subject.engine, on: Array("nothing here\n".utf8)) == .clean)
        #expect(try verdict(of: subject.engine, on: []) == .clean)
        #expect(try verdict(of: subject.engine, on: Clamd.eicar).isFound)
        #expect(!subject.engine.version.software.isEmpty && !subject.engine.version.softwareVersion.isEmpty)
    }

    @Test(
        "finds what archives hold, three deep", arguments: EngineKind.allCases,
        ["zip", "tar.gz", "tar", "zip in tar.gz in zip"])
    func nested(_ kind: EngineKind, _ how: String) throws {
        let subject = try kind.make()
        for (content, isBad) in [(Clamd.eicar, true), (Array("harmless".utf8), false)] {
            let folder = try TemporaryFolder()
            try folder.make("bad", .file(content))
            try folder.make("other", .bytes(3000))
            var inner = "bad"
            for (number, form) in how.split(separator: " ").filter({ $0 != "in" }).reversed().enumerated() {
                let next = "level\(number).\(form)"
                let arguments: [Argument] =
                    form == "zip"
                    ? ["-a", "-cf", Argument(next), "other", Argument(inner)]
                    : [form == "tar" ? "-cf" : "-czf", Argument(next), "other", Argument(inner)]
                let made = try Program.run(BytePath("/usr/bin/bsdtar"), arguments, directory: folder.path)
                #expect(made.code == 0, "\(made.errors)")
                inner = next
            }
            let verdict = try verdict(of: subject.engine, at: folder.path.appending(inner), name: inner)
            #expect(verdict.isFound == isBad, "\(verdict)")
            #expect(verdict == .clean || isBad, "\(verdict)")
        }
    }

    @Test("never passes what it had no way to unpack, and goes on after what is damaged")
    func notUnpacked() throws {
        let engine = try EngineKind.yara.make().engine
        let folder = try TemporaryFolder()
        func pack(_ name: String, _ files: [String]) throws -> [UInt8] {
            let made = try Program.run(
                BytePath("/usr/bin/bsdtar"), ["-a", "-cf", Argument(name)] + files.map { Argument($0) },
                directory: folder.path)
            try #require(made.code == 0, "\(made.errors)")
            return try readWhole(folder.path.appending(Name(name).bytes), limit: 1 << 20)
        }
        try folder.make("text", .file((0..<4000).flatMap { Array("line \($0)\n".utf8) }))
        try folder.make("bad", .file(Clamd.eicar))
        let zip = try pack("text.zip", ["text"])
        /// The places of the method in the header of the member and in the directory at the end.
        func places(_ bytes: [UInt8]) throws -> [Int] {
            let central = try #require(bytes.indices.last { bytes[$0...].starts(with: [0x50, 0x4B, 1, 2]) })
            return [8, central + 10]
        }
        // Another program may know the method.
        var unknown = zip
        for place in try places(zip) { unknown.replaceSubrange(place..<(place + 2), with: [0x61, 0]) }
        #expect(try verdict(of: engine, on: unknown, name: "unknown.zip").reason?.contains("unpacked") == true)
        // Damage comes out of no program; it is said, and what was there before it has been scanned.
        var damaged = zip
        let middle = zip.count / 2
        damaged.replaceSubrange(middle..<(middle + 40), with: [UInt8](repeating: 0xFF, count: 40))
        guard case .cleanInWindows(let words) = try verdict(of: engine, on: damaged, name: "damaged.zip") else {
            Issue.record("damage was not said")
            return
        }
        #expect(words.contains("'text'"), "\(words)")
        // What lies behind a damaged archive in the same archive is scanned as well.
        for (inner, isFound) in [(damaged, true), (unknown, false)] {
            try folder.make("inner.zip", .file(inner))
            // A gzip file of its own, or the rule would find it in the bytes of the tar archive.
            let packed = try Program.run(BytePath("/bin/gzip"), ["-kf", "bad"], directory: folder.path)
            #expect(packed.code == 0, "\(packed.errors)")
            let behind = isFound ? ["bad.gz"] : []
            let outer = try pack("outer.tar.gz", ["inner.zip"] + behind)
            let verdict = try verdict(of: engine, on: outer, name: "outer.tar.gz")
            #expect(isFound ? verdict.isFound : verdict.reason != nil, "\(verdict)")
            try remove(folder.path.appending("inner.zip"))
        }
    }

    @Test("assumes of a clamd of which nothing is known the least that any clamd looks at")
    func cautious() throws {
        let clamd = try Clamd(maxFileSize: "200M", tcp: true)
        let port = try #require(clamd.port)
        let unknown = try ClamdEngine.find(.tcp(host: "localhost", port: port), AntivirusPolicy([]))
        #expect(unknown.maximumStreamBytes == 25 << 20 && unknown.maximumBytes == 25 << 20)
        let known = try ClamdEngine.find(.path(clamd.configuration), AntivirusPolicy([]))
        #expect(known.maximumBytes == 200 << 20)
        let folder = try TemporaryFolder()
        let large = try folder.make("large", .bytes(26 << 20))
        #expect(try verdict(of: unknown, at: large).reason?.contains("--clamd-max-size") == true)
    }

    @Test("keeps files apart that are at work at once, in any order of asking", arguments: EngineKind.allCases)
    func several(_ kind: EngineKind) throws {
        let folder = try TemporaryFolder()
        let subject = try kind.make()
        let session = subject.engine.session()
        for round in 0..<3 {
            var waiting: [(ScanTicket, OpenBytes, Bool)] = []
            for number in 0..<min(session.depth, 8) {
                let isBad = (number + round).isMultiple(of: 3)
                let bytes = isBad ? Clamd.eicar : Array("clean \(number)".utf8)
                let path = try folder.make(Name("f\(round)-\(number)"), .file(bytes))
                let file = try OpenBytes(OpenFile.reading(path))
                let ticket = session.begin(
                    file, ScanSubject(size: Int64(bytes.count), name: Array("f".utf8), path: Array("f".utf8)))
                if session.wantsBytes { bytes.withUnsafeBytes { session.consume($0, at: 0) } }
                session.end()
                waiting.append((ticket, file, isBad))
            }
            if round == 1 { waiting.reverse() }
            for (ticket, file, isBad) in waiting {
                #expect(session.verdict(of: ticket, file).isFound == isBad)
            }
        }
    }

    @Test("forgets a file that nobody wants to know of, and judges the next by itself", arguments: EngineKind.allCases)
    func abandoned(_ kind: EngineKind) throws {
        let folder = try TemporaryFolder()
        let subject = try kind.make()
        let session = subject.engine.session()
        let bytes = Clamd.eicar + [UInt8](repeating: 0, count: 100_000)
        let path = try folder.make("bad", .file(bytes))
        let file = try OpenBytes(OpenFile.reading(path))
        let size = file.size
        let ticket = session.begin(file, ScanSubject(size: size, name: [0x61], path: [0x61]))
        if session.wantsBytes { Clamd.eicar.withUnsafeBytes { session.consume($0, at: 0) } }
        session.abandon(ticket)
        let good = try OpenBytes(OpenFile.reading(try folder.make("good", "good")))
        let next = session.begin(good, ScanSubject(size: 4, name: [0x62], path: [0x62]))
        if session.wantsBytes { Array("good".utf8).withUnsafeBytes { session.consume($0, at: 0) } }
        session.end()
        #expect(session.verdict(of: next, good) == .clean)
    }

    @Test("calls nothing clean that is larger than it looks at", arguments: EngineKind.clamds)
    func tooLarge(_ kind: EngineKind) throws {
        let subject = try kind.make(maxFileSize: "2M") { $0.clamdMaximumBytes = 2 << 20 }
        let large = [UInt8](repeating: 0x20, count: (2 << 20) + 1)
        #expect(try verdict(of: subject.engine, on: large).reason?.contains("2097153 bytes") == true)
        #expect(try verdict(of: subject.engine, on: Array(large.dropLast())) == .clean)
    }

    @Test("takes a limit that clamd tells for what it is", arguments: EngineKind.clamds)
    func limitReply(_ kind: EngineKind) throws {
        // We believe in 20 MB, clamd stops at 1: it says so of a stream, and of a file when it is set up to.
        let subject = try kind.make(maxFileSize: "1M", "AlertExceedsMax yes") { $0.clamdMaximumBytes = 20 << 20 }
        let reason = try verdict(of: subject.engine, on: [UInt8](repeating: 0x20, count: 3 << 20)).reason
        #expect(reason?.contains("limit") == true || reason?.contains("Limits") == true, "\(reason ?? "clean")")
        #expect(try verdict(of: subject.engine, on: [0x20]) == .clean)
    }

    @Test("scans in windows that overlap what is too large, when told to, and says so", arguments: EngineKind.clamds)
    func windows(_ kind: EngineKind) throws {
        let subject = try kind.make(maxFileSize: "2M") {
            $0.clamdMaximumBytes = 2 << 20
            $0.oversize = .windows
        }
        let clean = [UInt8](repeating: 0x2E, count: 7_000_000)
        let answer = try verdict(of: subject.engine, on: clean)
        guard case .cleanInWindows(let how) = answer else {
            Issue.record("not scanned in windows: \(answer)")
            return
        }
        #expect(how.contains("5 windows of 2097152 bytes that overlap by 524288"))
        for place in [0, (2 << 20) - 30, 2 << 20, 3_500_000, 7_000_000 - 68] {
            var bytes = clean
            bytes.replaceSubrange(place..<(place + 68), with: Clamd.eicar)
            let answer = try verdict(of: subject.engine, on: bytes)
            #expect(answer.isFound, "at \(place): \(answer)")
        }
    }

    @Test("calls nothing clean when clamd dies in the middle", arguments: EngineKind.clamds)
    func killed(_ kind: EngineKind) throws {
        let subject = try kind.make()
        #expect(try interrupted(subject) { $0.end() }.reason != nil)
        #expect(try verdict(of: subject.engine, on: Clamd.eicar).reason?.contains("cannot be reached") == true)
    }

    @Test("asks again when clamd was restarted in the middle", arguments: EngineKind.clamds)
    func restarted(_ kind: EngineKind) throws {
        let subject = try kind.make { $0.restartSeconds = 60 }
        let after = try interrupted(subject) { clamd in
            clamd.end()
            try clamd.startAgain()
        }
        #expect(after.isFound)
        #expect(try verdict(of: subject.engine, on: [0x20]) == .clean)
    }

    @Test("waits while clamd comes back, and no longer than it is told", arguments: EngineKind.clamds)
    func comesBack(_ kind: EngineKind) async throws {
        let subject = try kind.make { $0.restartSeconds = 60 }
        let clamd = try #require(subject.clamd)
        clamd.end()
        async let verdict = verdict(of: subject.engine, on: Clamd.eicar)
        try clamd.startAgain()
        #expect(try await verdict.isFound)
    }

    @Test(
        "calls nothing clean when clamd hangs in the middle, and asks no more after two silences",
        arguments: EngineKind.clamds)
    func hangs(_ kind: EngineKind) throws {
        let subject = try kind.make { $0.fileSeconds = 1 }
        #expect(try interrupted(subject) { $0.send(SIGSTOP) }.reason?.contains("in time") == true)
        #expect(try verdict(of: subject.engine, on: [0x20]).reason?.contains("in time") == true)
        #expect(try verdict(of: subject.engine, on: [0x20]).reason?.contains("does not answer any more") == true)
    }

    @Test("goes on while clamd reads its database again", arguments: EngineKind.clamds)
    func reloads(_ kind: EngineKind) throws {
        let subject = try kind.make()
        for round in 0..<6 {
            if round.isMultiple(of: 2) { subject.clamd?.reload() }
            #expect(try verdict(of: subject.engine, on: Clamd.eicar).isFound)
            #expect(try verdict(of: subject.engine, on: [0x20]) == .clean)
        }
    }

    /// The verdict on EICAR with 8 MB behind it, when something happens to clamd in the middle.
    private func interrupted(_ subject: Subject, _ happens: (Clamd) throws -> Void) throws -> AntivirusVerdict {
        let clamd = try #require(subject.clamd)
        let folder = try TemporaryFolder()
        let bytes = Clamd.eicar + [UInt8](repeating: 0, count: 8 << 20)
        let file = try OpenBytes(OpenFile.reading(try folder.make("bad", .file(bytes))))
        let session = subject.engine.session()
        // A connection that is open already.
        let first = try OpenBytes(OpenFile.reading(try folder.make("first", "x")))
        let opening = session.begin(first, ScanSubject(size: 1, name: [0x61], path: [0x61]))
        if session.wantsBytes { [0x78].withUnsafeBytes { session.consume($0, at: 0) } }
        session.end()
        #expect(session.verdict(of: opening, first) == .clean)
        if !session.wantsBytes { try happens(clamd) }
        let ticket = session.begin(file, ScanSubject(size: Int64(bytes.count), name: [0x61], path: [0x61]))
        bytes.withUnsafeBytes { all in
            if session.wantsBytes {
                session.consume(UnsafeRawBufferPointer(rebasing: all[..<100_000]), at: 0)
            }
        }
        if session.wantsBytes { try happens(clamd) }
        bytes.withUnsafeBytes { all in
            if session.wantsBytes {
                session.consume(UnsafeRawBufferPointer(rebasing: all[100_000...]), at: 100_000)
            }
        }
        session.end()
        return session.verdict(of: ticket, file)
    }
}
