public import Streams

/// What the user wants of the antivirus check.
public struct AntivirusPolicy: Sendable, Hashable {
    /// An engine that must say "clean".
    public enum Engine: Sendable, Hashable {
        /// clamd where it usually listens (nil), at a place, or as its configuration file says.
        case clamd(ClamdPlace?)
        /// The rules that come with tdr, and those in these files and folders.
        case yara([BytePath])
    }

    /// What becomes of a file that is larger than an engine looks at.
    public enum Oversize: String, Sendable, CaseIterable {
        /// It is not scanned, which is no pass.
        case fail
        /// It is scanned in overlapping windows, which is recorded.
        case windows
    }

    /// The engines, each of which must say "clean". None: no antivirus check, on purpose, which is recorded with the
    /// consignment and said in the bag.
    public var engines: [Engine]
    /// What becomes of too large a file.
    public var oversize = Oversize.fail
    /// The largest file that clamd looks at, bytes, when it is not to be learnt from its configuration.
    public var clamdMaximumBytes: Int64?
    /// How long an engine may take for one file, seconds.
    public var fileSeconds: Int32 = 300
    /// How long clamd may be away while it restarts, seconds. After that the rest of the files is not scanned.
    public var restartSeconds: Int32 = 20
    /// Where large members of archives lie while they are scanned.
    public var temporaryFolder = BytePath("/tmp")
    /// The age from which a database is called old, days.
    public var maximumAgeDays = 7
    /// Whether an old database is an error instead of a warning.
    public var requiresFresh = false

    /// These engines, with everything else as usual.
    public init(_ engines: [Engine]) { self.engines = engines }

    /// clamd where it usually listens.
    public static let automatic = AntivirusPolicy([.clamd(nil)])
    /// No antivirus check.
    public static let none = AntivirusPolicy([])
    /// clamd at this socket, or as its configuration file says.
    public static func clamd(_ path: BytePath) -> AntivirusPolicy { AntivirusPolicy([.clamd(.path(path))]) }
}

/// Where a clamd listens.
public enum ClamdPlace: Sendable, Hashable, CustomStringConvertible {
    /// A UNIX socket or a `clamd.conf`.
    case path(BytePath)
    /// A machine and a port: files go there as a stream.
    case tcp(host: String, port: UInt16)

    /// `HOST:PORT`, `[::1]:3310`, `tcp://HOST:PORT`, or else a path.
    public init(_ text: BytePath) {
        if let address = ClamdPlace.address(text.text ?? "") { self = address } else { self = .path(text) }
    }

    private static func address(_ text: String) -> ClamdPlace? {
        let isURL = text.hasPrefix("tcp://")
        let rest = isURL ? text.dropFirst(6) : text[...]
        if rest.contains("/") { return nil }
        guard let colon = rest.lastIndex(of: ":"), let port = UInt16(rest[rest.index(after: colon)...]), port > 0
        else { return nil }
        var host = rest[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        return host.isEmpty ? nil : .tcp(host: String(host), port: port)
    }

    /// As it is written.
    public var description: String {
        switch self {
        case .path(let path): path.display
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }
}

/// A program that judges files, and the data it judges by.
public struct EngineVersion: Sendable, Hashable {
    /// As in `ClamAV`.
    public let software: String
    /// As in `1.4.6`.
    public let softwareVersion: String
    /// As in `27000 (Mon Nov 23 08:00:00 2026)`; empty when unknown.
    public let databaseVersion: String

    /// A program by name and versions.
    public init(software: String, softwareVersion: String, databaseVersion: String) {
        self.software = software
        self.softwareVersion = softwareVersion
        self.databaseVersion = databaseVersion
    }
}

extension EngineVersion: CustomStringConvertible {
    /// `ClamAV 1.4.6, database 27000 (Mon Nov 23 08:00:00 2026)`.
    public var description: String {
        "\(software) \(softwareVersion)" + (databaseVersion.isEmpty ? "" : ", database \(databaseVersion)")
    }
}
