import Streams

/// An event of the history as a line of JSON: what `tdr history --json` writes and what a server sends.
public struct HistoryLine: Codable, Sendable {
    /// Its number, which only ever grows.
    public let number: Int64
    /// When.
    public let datetime: String
    /// Who.
    public let actor: String
    /// The command that was run.
    public let command: String
    /// The version of the program.
    public let version: String
    /// The run of that command, by its number.
    public let run: Int64
    /// What was done or changed.
    public let what: String
    /// What there was before.
    public let old: String?
    /// What there is since.
    public let new: String?
    /// The file or folder it is about.
    public let path: String?
    /// The path's bytes in hexadecimal, only when they are not UTF-8.
    public let pathHex: String?
    /// Its id.
    public let fileId: String?

    /// The line of an event.
    public init(_ event: HistoryEvent) {
        number = event.number
        datetime = event.datetime.description
        actor = event.actor
        command = event.command
        version = event.version
        run = event.run
        what = event.what
        old = event.old
        new = event.new
        path = event.path.map { $0.text ?? $0.display }
        pathHex = event.path.flatMap { $0.text == nil ? Hex.encode($0.bytes) : nil }
        fileId = event.file?.description
    }

    /// The event of the line; nil when it makes no sense.
    package var event: HistoryEvent? {
        guard let datetime = Timestamp(datetime) else { return nil }
        return HistoryEvent(
            number: number, datetime: datetime, actor: actor, command: command, version: version, run: run, what: what,
            old: old, new: new, path: path.flatMap { RelativePath(text: $0, hex: pathHex) },
            file: fileId.flatMap { RecordID($0) })
    }
}

/// An entry that is like others as a line of JSON: what `tdr status --duplicates --json` writes and what a server sends.
public struct LikeLine: Codable, Sendable {
    /// In what they are alike.
    public let like: String
    /// The number of the group within its kind, from 1.
    public let group: Int
    /// The path in the consignment.
    public let path: String
    /// The path's bytes in hexadecimal, only when they are not UTF-8.
    public let pathHex: String?
    /// Bytes; nil for a folder.
    public let size: Int64?
    /// The digest of a file's bytes.
    public let sha256: String?

    /// The line of an entry.
    public init(_ entry: LikeEntry) {
        like = entry.kind.rawValue
        group = entry.group
        path = entry.path.text ?? entry.path.display
        pathHex = entry.path.text == nil ? Hex.encode(entry.path.bytes) : nil
        size = entry.size
        sha256 = entry.sha256?.hex
    }

    /// The entry of the line; nil when it makes no sense.
    package var entry: LikeEntry? {
        guard let kind = LikenessKind(rawValue: like), let path = RelativePath(text: path, hex: pathHex) else {
            return nil
        }
        return LikeEntry(
            kind: kind, group: group, path: path, size: size,
            sha256: sha256.flatMap { SHA256Digest(hex: Array($0.utf8)) })
    }
}

extension RelativePath {
    /// A path as lines of JSON have it.
    fileprivate init?(text: String, hex: String?) {
        guard let hex else {
            self.init(Array(text.utf8))
            return
        }
        guard let bytes = Hex.decode(Array(hex.utf8)) else { return nil }
        self.init(bytes)
    }
}
