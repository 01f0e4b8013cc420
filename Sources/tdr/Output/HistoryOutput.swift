import Streams
import TDRCore

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

/// Writes the history in the form that was asked for, an event after the other.
struct HistoryWriter {
    private let context: CommandContext
    private let csv: Bool
    private var text: HistoryText

    init(_ context: CommandContext, csv: Bool) {
        self.context = context
        self.csv = csv
        text = HistoryText { context.output.line($0) }
        if csv { context.output.csv(HistoryRow.titles) }
    }

    mutating func add(_ event: HistoryEvent) throws {
        if csv {
            context.output.csv(HistoryRow.fields(event))
        } else if context.json {
            try context.output.json(HistoryLine(event))
        } else {
            text.add(event)
        }
    }

    mutating func finish() { text.finish() }
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
