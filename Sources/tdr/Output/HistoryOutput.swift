import Streams
import TDRCore

/// An event in JSON Lines: `tdr history --json`.
struct HistoryOutput: Encodable {
    let number: Int64
    let datetime: String
    let actor: String
    let command: String
    let version: String
    let what: String
    let old: String?
    let new: String?
    let path: String?
    /// The path's bytes in hexadecimal, only when they are not UTF-8.
    let pathHex: String?
    let fileId: String?

    init(_ event: HistoryEvent) {
        number = event.number
        datetime = event.datetime.description
        actor = event.actor
        command = event.command
        version = event.version
        what = event.what
        old = event.old
        new = event.new
        path = event.path.map { $0.text ?? $0.display }
        pathHex = event.path.flatMap { $0.text == nil ? Hex.encode($0.bytes) : nil }
        fileId = event.file?.description
    }
}

/// An event as a record of CSV.
enum HistoryRow {
    static let titles = [
        "Number", "Datetime", "Actor", "Command", "Version", "What", "Filepath", "Old", "New",
    ]

    static func fields(_ event: HistoryEvent) -> [String] {
        [
            "\(event.number)", event.datetime.description, event.actor, event.command, event.version, event.what,
            event.path?.display ?? "", event.old ?? "", event.new ?? "",
        ].map(Text.printable)
    }
}

/// The history for people: a paragraph for each run, changes of files that are alike on one line.
struct HistoryText {
    /// Files of one change that are named, where it is not good.
    private static let examples = 5
    /// Kinds of change that are gathered before they are told.
    private static let mostKinds = 100

    private struct Kind: Hashable {
        let old: FileStatuses
        let new: FileStatuses
    }

    private struct Group {
        let since: Timestamp
        var count = 0
        var examples: [String] = []
    }

    private let line: (String) -> Void
    private var run: Int64?
    private var groups: [Kind: Group] = [:]
    private var order: [Kind] = []

    init(_ line: @escaping (String) -> Void) { self.line = line }

    mutating func add(_ event: HistoryEvent) {
        if event.run != run {
            tellGroups()
            if run != nil { line("") }
            line(Text.printable("\(event.datetime)  \(event.actor)  tdr \(event.version): \(event.command)"))
            run = event.run
        }
        if let (old, new) = event.fileStatuses {
            return gather(Kind(old: old, new: new), event)
        }
        tellGroups()
        let about = event.path.map { "\($0.display): " } ?? ""
        let change = [event.new, event.old.map { event.new == nil ? "no longer \($0)" : "(was \($0))" }]
        let told = change.compactMap(\.self).joined(separator: " ")
        line(
            Text.printable(
                "  \(HistoryText.time(event.datetime))  \(about)\(event.what)" + (told.isEmpty ? "" : ": \(told)")))
    }

    mutating func finish() { tellGroups() }

    private mutating func gather(_ kind: Kind, _ event: HistoryEvent) {
        if groups[kind] == nil {
            if order.count == HistoryText.mostKinds { tellGroups() }
            order.append(kind)
        }
        var group = groups[kind] ?? Group(since: event.datetime)
        group.count += 1
        let isWorthNaming = !kind.new.problems.isEmpty || kind.new == FileStatuses()
        if isWorthNaming, group.examples.count < HistoryText.examples, let path = event.path {
            group.examples.append(path.display)
        }
        groups[kind] = group
    }

    private mutating func tellGroups() {
        for kind in order {
            guard let group = groups[kind] else { continue }
            let new = HistoryText.words(kind.new)
            let old = HistoryText.words(kind.old)
            let told = new.isEmpty ? "no longer \(old)" : new + (old.isEmpty ? "" : " (was \(old))")
            let more = group.count - group.examples.count
            let names =
                group.examples.isEmpty
                ? ""
                : " [" + group.examples.joined(separator: ", ") + (more > 0 ? " and \(Text.count(more)) more" : "")
                    + "]"
            line("  \(HistoryText.time(group.since))  \(Text.count(group.count, "file")): \(told)\(names)")
        }
        groups = [:]
        order = []
    }

    private static func words(_ statuses: FileStatuses) -> String {
        FileStatusType.allCases.compactMap { type in
            statuses[type].map { "\(type.rawValue) \($0.rawValue)" }
        }.joined(separator: ", ")
    }

    /// The time of the day; the day stands above.
    private static func time(_ time: Timestamp) -> String { String(time.local.dropFirst(11)) }
}
