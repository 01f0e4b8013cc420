import Glibc
import Streams

/// A clamd to ask: where it listens, what it is, what it would leave unread, and how it has been doing.
final class ClamdEngine: AntivirusEngine {
    let place: ClamdPlace
    let version: EngineVersion
    let databaseDate: Timestamp?
    /// Whether it takes open descriptors, which only a local socket can.
    let takesDescriptors: Bool
    /// The largest file of which it sees every byte. A larger one it calls clean without a word.
    let maximumBytes: Int64
    /// The same for a stream.
    let maximumStreamBytes: Int64
    let policy: AntivirusPolicy
    /// What is known of its limits; nil when its configuration is not known.
    let configuration: ClamdConfiguration?

    /// How clamd has been doing, for all threads.
    private struct Health {
        /// Why it is not asked any more.
        var gone: String?
        /// Answers that did not come in a row.
        var silences = 0
    }

    private let health = Guarded(Health())
    /// One thread at a time waits for clamd to come back; the others wait for that one.
    private let reconnecting = Guarded(())

    private static let maximumSilences = 2
    private static let connectSeconds: Int32 = 10
    private static let usualConfigurations = ["/etc/clamav/clamd.conf", "/etc/clamd.d/scan.conf", "/etc/clamd.conf"]
    private static let usualSockets = [
        "/run/clamav/clamd.ctl", "/var/run/clamav/clamd.ctl", "/run/clamd.scan/clamd.sock", "/tmp/clamd.socket",
    ]

    /// Finds clamd and asks for its version.
    ///
    /// - Throws: ``ClamdFault`` when there is none or it does not answer.
    static func find(_ wanted: ClamdPlace?, _ policy: AntivirusPolicy) throws(ClamdFault) -> ClamdEngine {
        let (place, configuration) = try locate(wanted)
        let answer = try ask(place)
        return ClamdEngine(place, configuration, answer, policy)
    }

    private init(
        _ place: ClamdPlace, _ configuration: ClamdConfiguration?, _ answer: (EngineVersion, Timestamp?, [String]),
        _ policy: AntivirusPolicy
    ) {
        self.place = place
        self.policy = policy
        version = answer.0
        databaseDate = answer.1
        if case .path = place {
            takesDescriptors = answer.2.isEmpty || answer.2.contains("FILDES")
        } else {
            takesDescriptors = false
        }
        self.configuration = configuration
        let limits = configuration ?? .cautious
        maximumBytes = policy.clamdMaximumBytes ?? limits.largestFile
        maximumStreamBytes = policy.clamdMaximumBytes ?? limits.largestStream
    }

    func session() -> any AntivirusSession { ClamdSession(self) }

    // MARK: Where

    private static func locate(_ wanted: ClamdPlace?) throws(ClamdFault) -> (ClamdPlace, ClamdConfiguration?) {
        switch wanted {
        case .tcp: return (wanted ?? .path(BytePath("")), nil)
        case .path(let path):
            guard let status = try? FileStatus.following(path) else {
                throw ClamdFault(.unusable, "there is no clamd socket or configuration at '\(path.display)'")
            }
            if status.kind == .socket { return (.path(path), configuration(naming: path)) }
            guard let configuration = ClamdConfiguration(path) else {
                throw ClamdFault(.unusable, "'\(path.display)' is neither a socket nor a clamd configuration")
            }
            if let socket = configuration.socket { return (.path(socket), configuration) }
            if let tcp = configuration.tcp { return (.tcp(host: tcp.host, port: tcp.port), configuration) }
            throw ClamdFault(
                .unusable, "the clamd configuration '\(path.display)' names neither LocalSocket nor TCPSocket")
        case nil:
            for name in usualConfigurations {
                if let found = ClamdConfiguration(BytePath(name)), let socket = found.socket, exists(socket) {
                    return (.path(socket), found)
                }
            }
            for name in usualSockets where exists(BytePath(name)) {
                return (.path(BytePath(name)), configuration(naming: BytePath(name)))
            }
            throw ClamdFault(
                .unusable,
                "no antivirus engine: clamd is not running where it usually listens; start clamav-daemon, name its"
                    + " socket with --clamd, or decide for --antivirus none")
        }
    }

    private static func exists(_ path: BytePath) -> Bool { (try? FileStatus.following(path))?.kind == .socket }

    /// The usual configuration that names this socket.
    private static func configuration(naming socket: BytePath) -> ClamdConfiguration? {
        usualConfigurations.lazy.compactMap { ClamdConfiguration(BytePath($0)) }.first { $0.socket == socket }
    }

    // MARK: What

    /// `ClamAV 1.4.6/27000/Mon Nov 23 08:00:00 2026| COMMANDS: SCAN …`: the version, the date of the database and the
    /// commands. Without an official database the last two parts of the version are missing.
    private static func ask(_ place: ClamdPlace) throws(ClamdFault) -> (EngineVersion, Timestamp?, [String]) {
        let deadline = Deadline(seconds: 10)
        let connection = try ClamdConnection(place, seconds: 10)
        try connection.send("zVERSIONCOMMANDS\0", until: deadline)
        let reply = try connection.reply(until: deadline)
        let halves = reply.split(separator: "|", maxSplits: 1).map(String.init)
        let parts = (halves.first ?? "").split(separator: "/", maxSplits: 2).map(String.init)
        guard let program = parts.first?.split(separator: " ", maxSplits: 1), program.count == 2 else {
            throw ClamdFault(.nonsense, "clamd gives no version but '\(reply.prefix(80))'")
        }
        let database = parts.count == 3 ? "\(parts[1]) (\(parts[2]))" : parts.dropFirst().joined(separator: "/")
        let version = EngineVersion(
            software: String(program[0]), softwareVersion: String(program[1]), databaseVersion: database)
        let commands = halves.count == 2 ? halves[1].split(separator: " ").dropFirst().map(String.init) : []
        return (version, parts.count == 3 ? date(parts[2]) : nil, commands)
    }

    /// C's `asctime`: `Mon Nov 23 08:00:00 2026`.
    static func date(_ text: String) -> Timestamp? {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let words = text.split(separator: " ").map(String.init)
        guard words.count == 5, let month = months.firstIndex(of: words[1]), let day = Int(words[2]),
            1...31 ~= day, let year = Int(words[4]), 1990...9999 ~= year
        else { return nil }
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return Timestamp("\(year)-\(two(month + 1))-\(two(day))T\(words[3])Z")
    }

    // MARK: How it is doing

    /// Why it is not asked any more.
    var gone: String? { health.withLock { $0.gone } }

    /// An answer came.
    func answered() { health.withLock { $0.silences = 0 } }

    /// No answer came in time. After some of those in a row nobody waits for it again.
    func wasSilent() {
        health.withLock { health in
            health.silences += 1
            if health.silences >= ClamdEngine.maximumSilences {
                health.gone = "clamd does not answer any more; restart it"
            }
        }
    }

    /// A connection; waits for a clamd that restarts, once for all threads, up to the policy's limit.
    func connect() throws(ClamdFault) -> ClamdConnection {
        if let gone { throw ClamdFault(.unreachable, gone) }
        if let connection = try? ClamdConnection(place, seconds: ClamdEngine.connectSeconds) { return connection }
        let outcome: Result<ClamdConnection, ClamdFault> = reconnecting.withLock { _ in
            Result { () throws(ClamdFault) -> ClamdConnection in try wait() }
        }
        return try outcome.get()
    }

    private func wait() throws(ClamdFault) -> ClamdConnection {
        if let gone { throw ClamdFault(.unreachable, gone) }
        let deadline = Deadline(seconds: policy.restartSeconds)
        var pause: UInt32 = 100_000
        while true {
            do throws(ClamdFault) {
                return try ClamdConnection(place, seconds: ClamdEngine.connectSeconds)
            } catch {
                if Task.isCancelled { throw ClamdFault(.cancelled, "the check was stopped") }
                if deadline.hasPassed {
                    health.withLock { $0.gone = error.reason }
                    throw error
                }
            }
            usleep(pause)
            pause = min(pause * 2, 500_000)
        }
    }
}
