import Streams

/// The events of a consignment as PREMIS has them.
struct PremisEvents {
    /// What their identifiers are called.
    static let type = "tdr event"

    private struct Key: Hashable {
        let run: Int64
        let act: String
    }

    /// What went well with some files in one run.
    private struct Sum {
        var count: Int
        var first: Timestamp
        var last: Timestamp
    }

    let consignment: Consignment
    let store: Store
    private let last: Int64?
    /// Who and what was there, as identifiers of agents.
    private(set) var engines: [(run: Int64, what: String, name: String)] = []
    private(set) var runs: [(row: Int64, info: RunInfo)] = []

    init(_ consignment: Consignment, in store: Store, upTo last: Int64?) {
        self.consignment = consignment
        self.store = store
        self.last = last
    }

    /// The events that a file refers to.
    static func names(of events: [FileEvent]) -> [String] {
        var names: [String] = []
        for event in events {
            for name in self.names(of: event) where !names.contains(name) { names.append(name) }
        }
        return names
    }

    private static func names(of event: FileEvent) -> [String] {
        guard event.what == EventName.fileStatus else { return ["event \(event.number)"] }
        return acts(event.new).map { act, value in
            value.isGood ? "run \(event.run), \(act)" : "event \(event.number), \(act)"
        }
    }

    /// What was done to a file whose statuses became these, with the worst that came of it.
    private static func acts(_ statuses: FileStatuses) -> [(act: String, value: FileStatusValue)] {
        var out: [(act: String, value: FileStatusValue)] = []
        for type in FileStatusType.allCases {
            guard let value = statuses[type], let act = PremisTerms.act(type) else { continue }
            if let place = out.firstIndex(where: { $0.act == act }) {
                if out[place].value.isGood { out[place].value = value }
            } else {
                out.append((act, value))
            }
        }
        return out
    }

    mutating func write(to xml: inout XMLText) throws {
        runs = try store.runs(of: consignment, upTo: last)
        engines = try store.engines(of: consignment, upTo: last)
        try writeSums(to: &xml)
        let consignment = consignment.id.description
        try store.forEachEvent(of: self.consignment, upTo: last) { event in
            // These are agents.
            if event.what == EventName.antivirusEngine || event.what == EventName.formatEngine { return }
            let object = event.file?.description ?? consignment
            guard event.what == EventName.fileStatus, event.file != nil, let (_, new) = event.fileStatuses else {
                let (word, isOfVocabulary) = PremisTerms.type(of: event)
                let detail = [event.what, event.old.map { "was \($0)" }].compactMap(\.self).joined(separator: ", ")
                try xml.begin("event")
                try xml.identifier("event", PremisEvents.type, "event \(event.number)")
                xml.element(
                    "eventType", XMLText.encoded(word), isOfVocabulary ? PremisTerms.authority("eventType") : [])
                try PremisEvents.writeRest(
                    event.datetime, detail: "\(event.command): \(detail)", outcome: event.new, note: nil, to: &xml)
                try PremisEvents.writeAgents(event.actor, event.version, engines(event.run, word), to: &xml)
                try xml.identifier("linkingObject", "UUID", object)
                return try xml.end()
            }
            for (act, value) in PremisEvents.acts(new) where !value.isGood {
                try xml.begin("event")
                try xml.identifier("event", PremisEvents.type, "event \(event.number), \(act)")
                xml.element("eventType", act, PremisTerms.authority("eventType"))
                try PremisEvents.writeRest(
                    event.datetime, detail: event.command, outcome: value.rawValue, note: nil, to: &xml)
                try PremisEvents.writeAgents(event.actor, event.version, engines(event.run, act), to: &xml)
                try xml.identifier("linkingObject", "UUID", object)
                try xml.end()
            }
        }
    }

    /// The names of the engines that a run did this with.
    private func engines(_ run: Int64, _ act: String) -> [String] {
        let what = ["virus check": EventName.antivirusEngine, "format identification": EventName.formatEngine][act]
        return engines.filter { $0.run == run && $0.what == what }.map(\.name)
    }

    /// One event for what went well with files in a run.
    private mutating func writeSums(to xml: inout XMLText) throws {
        var sums: [Key: Sum] = [:]
        var order: [Key] = []
        for events in try store.fileStatusEvents(of: consignment, upTo: last) {
            for (act, value) in PremisEvents.acts(events.new) where value.isGood {
                let key = Key(run: events.run, act: act)
                if let sum = sums[key] {
                    sums[key] = Sum(
                        count: sum.count + events.count, first: min(sum.first, events.first),
                        last: max(sum.last, events.last))
                } else {
                    order.append(key)
                    sums[key] = Sum(count: events.count, first: events.first, last: events.last)
                }
            }
        }
        for key in order {
            guard let sum = sums[key], let run = runs.first(where: { $0.row == key.run })?.info else { continue }
            try xml.begin("event")
            try xml.identifier("event", PremisEvents.type, "run \(key.run), \(key.act)")
            xml.element("eventType", key.act, PremisTerms.authority("eventType"))
            try PremisEvents.writeRest(
                sum.first, detail: run.command, outcome: "success",
                note: "\(sum.count) files; the last at \(sum.last)", to: &xml)
            try PremisEvents.writeAgents(run.actor, run.version, engines(key.run, key.act), to: &xml)
            try xml.identifier("linkingObject", "UUID", consignment.id.description)
            try xml.end()
        }
    }

    private static func writeRest(
        _ time: Timestamp, detail: String, outcome: String?, note: String?, to xml: inout XMLText
    ) throws {
        xml.element("eventDateTime", time.description)
        try xml.begin("eventDetailInformation")
        xml.element("eventDetail", XMLText.encoded(detail))
        try xml.end()
        guard let outcome else { return }
        try xml.begin("eventOutcomeInformation")
        xml.element("eventOutcome", XMLText.encoded(outcome))
        if let note {
            try xml.begin("eventOutcomeDetail")
            xml.element("eventOutcomeDetailNote", XMLText.encoded(note))
            try xml.end()
        }
        try xml.end()
    }

    private static func writeAgents(
        _ actor: String, _ version: String, _ engines: [String], to xml: inout XMLText
    ) throws {
        try xml.identifier("linkingAgent", PremisAgents.type, PremisAgents.person(actor), role: "implementer")
        try xml.identifier("linkingAgent", PremisAgents.type, PremisAgents.program(version), role: "executing program")
        for engine in engines {
            try xml.identifier(
                "linkingAgent", PremisAgents.type, PremisAgents.engine(engine), role: "executing program")
        }
    }
}

/// Who and what took part in the events.
struct PremisAgents {
    static let type = "tdr agent"
    private let events: PremisEvents

    init(_ events: PremisEvents) { self.events = events }

    static func person(_ login: String) -> String { "person \(login)" }
    static func program(_ version: String) -> String { "tdr \(version)" }
    static func engine(_ name: String) -> String { "engine \(name)" }

    func write(to xml: inout XMLText) throws {
        var people: [String] = []
        var versions: [String] = []
        for (_, run) in events.runs {
            if !people.contains(run.actor) { people.append(run.actor) }
            if !versions.contains(run.version) { versions.append(run.version) }
        }
        let person = events.consignment.person
        for login in people {
            let name = login == person.login ? person.name : login
            try write(PremisAgents.person(login), name, "person", version: nil, to: &xml)
        }
        for version in versions {
            try write(PremisAgents.program(version), "tdr", "software", version: version, to: &xml)
        }
        var engines: [String] = []
        for (_, _, name) in events.engines where !engines.contains(name) { engines.append(name) }
        for engine in engines {
            try write(PremisAgents.engine(engine), engine, "software", version: nil, to: &xml)
        }
    }

    private func write(
        _ identifier: String, _ name: String, _ type: String, version: String?, to xml: inout XMLText
    ) throws {
        try xml.begin("agent")
        try xml.identifier("agent", PremisAgents.type, identifier)
        xml.element("agentName", XMLText.encoded(name))
        xml.element("agentType", type, PremisTerms.authority("agentType"))
        if let version { xml.element("agentVersion", XMLText.encoded(version)) }
        try xml.end()
    }
}
