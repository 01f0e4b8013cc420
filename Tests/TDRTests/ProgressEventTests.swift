import Glibc
import Streams
import TDRTestSupport
import Testing

/// A stream of events that somebody follows while other things happen.
private final class Follower {
    private let curl: RunningProgram
    private let file: BytePath

    /// Follows a consignment as `login`.
    init(_ bench: ServerBench, _ consignment: String, as login: String) throws {
        file = bench.bench.folder.appending(Name("events-\(login)"))
        curl = try Program.start(
            BytePath("/usr/bin/env"),
            [
                "curl", "-sN", "-H", "Authorization: Bearer \(bench.tokens[login] ?? login)",
                "\(bench.url)/consignments/\(consignment)/events",
            ], stdout: .created(file))
    }

    deinit {
        curl.send(SIGKILL)
        _ = try? curl.wait()  // nothing is left to be seen
    }

    /// All that was told, as it was sent.
    var text: String { (try? readWhole(file, limit: 1 << 24)).map { String(decoding: $0, as: UTF8.self) } ?? "" }

    /// The events that have come as a whole: id, name, what they say.
    var events: [(id: Int?, name: String, data: JSONValue)] {
        text.components(parted: "\n\n").dropLast().compactMap { block in
            var (id, name, data): (Int?, String?, JSONValue?)
            for line in block.split(separator: "\n") {
                if line.hasPrefix("id: ") { id = Int(line.dropFirst(4)) }
                if line.hasPrefix("event: ") { name = String(line.dropFirst(7)) }
                if line.hasPrefix("data: ") { data = try? JSONValue(parsing: Array(line.dropFirst(6).utf8)) }
            }
            guard let name, let data else { return nil }
            return (id, name, data)
        }
    }

    /// Waits until the last count told is this one.
    func wait(_ field: String, _ value: Double) -> Bool {
        waitUntil { events.last { $0.name == "progress" }?.data[field]?.number == value }
    }

    /// Waits for the end: why.
    func ending() -> String? {
        _ = waitUntil { events.last?.name == "end" }
        return events.last?.data["reason"]?.text
    }
}

extension String {
    /// The parts between the places where `sign` stands.
    fileprivate func components(parted sign: String) -> [String] {
        var parts: [String] = [""]
        var rest = self[...]
        while !rest.isEmpty {
            if rest.hasPrefix(sign) {
                parts.append("")
                rest = rest.dropFirst(sign.count)
            } else {
                parts[parts.count - 1].append(rest.removeFirst())
            }
        }
        return parts
    }
}

/// How far a consignment is, told as it goes on.
@Suite struct ProgressEventTests {
    @Test(
        "tells all who listen of each file that arrives, then of each check, and that the server stops",
        .timeLimit(.minutes(10)))
    func progress() throws {
        let bench = try ServerBench()
        var followers: [Follower] = []
        let ended = try bench.serving {
            let mine = try bench.begun([("R/a.txt", Array("hello".utf8)), ("R/b.txt", Array("again".utf8))])
            followers = try ["maria", "reader"].map { try Follower(bench, mine.id, as: $0) }
            for follower in followers { #expect(follower.wait("filesReceived", 0), "\(follower.text)") }
            for (count, text) in [(1.0, "hello"), (2, "again")] {
                let file = mine.files[Int(count) - 1]
                #expect(try bench.put(Array(text.utf8), mine.id, file, as: "maria").status == 201)
                for follower in followers { #expect(follower.wait("filesReceived", count), "\(follower.text)") }
            }
            for follower in followers {
                #expect(follower.wait("checksumProcessed", 2), "\(follower.text)")
                #expect(follower.wait("ffidProcessed", 2), "\(follower.text)")
            }
        }
        #expect(ended.code == 0, "\(ended.errors)")
        for follower in followers {
            #expect(follower.ending() == "again", "\(follower.text)")
            let told = follower.events.filter { $0.name == "progress" }
            #expect(told.map(\.id) == told.indices.map { $0 + 1 })
            #expect(told.allSatisfy { $0.data["totalFiles"]?.number == 2 && $0.data["exportFiles"] == nil })
            for field in ["filesReceived", "checksumProcessed", "ffidProcessed"] {
                let counts = told.map { $0.data[field]?.number ?? -1 }
                #expect(counts == counts.sorted() && counts.first == 0 && counts.last == 2, "\(field): \(counts)")
            }
            // No file is checked before all have arrived.
            let early = told.filter { $0.data["filesReceived"]?.number != 2 }
            #expect(early.allSatisfy { $0.data["checksumProcessed"]?.number == 0 })
        }
    }

    @Test("ends a stream soon after its token is revoked", .timeLimit(.minutes(10)))
    func revoked() throws {
        let bench = try ServerBench()
        _ = try bench.serving {
            let mine = try bench.begun([("R/a.txt", [1])])
            let follower = try Follower(bench, mine.id, as: "maria")
            #expect(follower.wait("filesReceived", 0), "\(follower.text)")
            #expect(try bench.bench.tdr("user", "revoke", "maria", "--name", "t").code == 0)
            #expect(follower.ending() == "signedOut", "\(follower.text)")
        }
    }

    @Test("lets no account follow without end, and counts only those who still listen", .timeLimit(.minutes(10)))
    func crowd() throws {
        let bench = try ServerBench()
        _ = try bench.serving {
            let mine = try bench.begun([("R/a.txt", [1])])
            let place = "\(bench.url)/consignments/\(mine.id)/events"
            let place1 = try bench.bench.folder.make("streams", [:])
            let many = try Program.start(
                BytePath("/usr/bin/env"),
                [
                    "curl", "-sN", "-Z", "--parallel-max", "32", "--parallel-immediate", "-H",
                    "Authorization: Bearer \(bench.tokens["maria"] ?? "")", "\(place)?n=[1-32]", "-o", "streams/#1",
                ], directory: bench.bench.folder.path)
            defer {
                many.send(SIGKILL)
                _ = try? many.wait()  // nothing is left to be seen
            }
            #expect(
                waitUntil {
                    (1...32).allSatisfy { number in
                        ((try? readWhole(place1.appending("\(number)"), limit: 1 << 20))?.count ?? 0) > 0
                    }
                })
            let refused = try bench.send(["\(place)"], as: "maria")
            #expect(refused.status == 429, "\(refused.text)")
            #expect(try refused.code == "TOO_MANY_REQUESTS")
            // Others are not kept out by that.
            #expect(try bench.send(["--max-time", "2", "\(place)"], as: "reader").status == 200)
            many.send(SIGKILL)
            #expect(try waitUntil { try bench.send(["--max-time", "1", "\(place)"], as: "maria").status == 200 })
        }
    }
}
