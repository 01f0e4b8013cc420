import Foundation
import GraphQL

/// What ours and another implementation make of the same query, compared.
struct Comparison {
    let kind: Oracle.Kind
    let engine: GraphQLEngine

    init(_ kind: Oracle.Kind) throws {
        self.kind = kind
        var limits = Limits()
        limits.depth = 190
        limits.cost = Int.max
        limits.nesting = 200
        engine = GraphQLEngine(schema: try Sample.schema(), limits: limits)
    }

    /// What differs; empty when nothing does.
    ///
    /// - Parameter isExact: Whether conflicts of overlapping fields have to be listed alike, and faults of variables counted
    ///   alike. Where ours compares less than all pairs, and JavaScript takes a list for an object, it can be no more than
    ///   that ours says nothing that the other does not.
    func differences(
        _ request: GraphQLRequest, _ answer: Oracle.Answer, isExact: Bool
    ) async throws -> [String] {
        let response = try await engine.execute(request, context: (), root: Sample.data)
        var differences: [String] = []
        let stages = response.errors.map(\.stage)
        // What is too much for ours is none of the other's business.
        if stages.contains(.limit) { return [] }
        // graphql-core trips over some texts that end in the middle of an escape.
        if answer.syntax?.message == "crash" { return [] }
        let syntax = response.errors.first { $0.stage == .syntax }
        if syntax != nil || answer.syntax != nil {
            let ours = syntax.map { [($0.message, places($0))] } ?? []
            let theirs = answer.syntax.map { [($0.message, $0.locations)] } ?? []
            compare("syntax", ours, theirs, &differences)
            return differences
        }
        var rules: [String: [(String, [[Int]])]] = [:]
        for error in response.errors {
            if case .validation(let rule) = error.stage {
                rules[rule, default: []].append((error.message, places(error)))
            }
        }
        if !rules.isEmpty || !answer.rules.isEmpty {
            compare(request.query, rules, answer.rules, isExact, &differences)
            return differences
        }
        if let printed = answer.printed {
            let ours = try GraphQLDocument.formatted(request.query)
            if ours != printed { differences.append("printed: ours\n\(ours)\ntheirs\n\(printed)") }
        }
        // Requests that were refused have no data, which the others say with null.
        let data = response.data ?? .null
        if !Comparison.same(data, answer.data ?? .null) {
            differences.append("data: ours \(data.text) theirs \((answer.data ?? .null).text)")
        }
        func key(_ locations: [[Int]], _ path: JSONValue) -> String { "\(locations) \(path.text)" }
        let ours = response.errors.map { error in
            key(places(error), error.json["path"] ?? .null) + (hasSameWords(error.message) ? normal(error.message) : "")
        }
        let theirs = answer.errors.map { error in
            // Ours says where the operation is that can't be executed, or nothing where there is none.
            key(error.locations, error.path) + (hasSameWords(error.message) ? normal(error.message) : "")
        }
        let isSame =
            isExact || response.isExecuted ? ours.sorted() == theirs.sorted() : Set(ours) == Set(theirs)
        if !isSame {
            differences.append("errors: ours \(ours.sorted()) theirs \(theirs.sorted())")
        }
        return differences
    }

    private func compare(
        _ query: String, _ ours: [String: [(String, [[Int]])]], _ theirs: [String: [Oracle.Answer.Fault]],
        _ isExact: Bool, _ differences: inout [String]
    ) {
        // Ours looks no closer at definitions of types than to say that they are none of an operation.
        let isExecutable = theirs["ExecutableDefinitionsRule"] == nil
        for rule in isExecutable ? Set(ours.keys).union(theirs.keys).sorted() : ["ExecutableDefinitionsRule"] {
            // Fragments that contain themselves can make the others' recursion endless.
            if theirs[rule]?.first?.message == "crash" { continue }
            let one = ours[rule] ?? []
            let other = (theirs[rule] ?? []).map { ($0.message, $0.locations) }
            if rule == "OverlappingFieldsCanBeMergedRule" {
                // Ours looks no further when fragments contain themselves, and compares with the first, not all pairs.
                if ours["NoFragmentCyclesRule"] != nil { continue }
                if one.isEmpty != other.isEmpty {
                    // The rule itself decides.
                    let truth = PairwiseMerging.hasConflicts(query, schema: engine.schema, limits: engine.limits)
                    if isExact || truth != !one.isEmpty { compare(rule, one, other, &differences) }
                } else if let (mine, theirs) = Comparison.single(one, other),
                    isExact || !says(mine, within: theirs)
                {
                    compare(rule, one, other, &differences)
                }
            } else {
                compare(rule, one, other, &differences)
            }
        }
    }

    private func compare(
        _ what: String, _ ours: [(String, [[Int]])], _ theirs: [(String, [[Int]])], _ differences: inout [String]
    ) {
        let one = ours.map { "\(normal($0.0)) \($0.1)" }.sorted()
        let other = theirs.map { "\(normal($0.0)) \($0.1)" }.sorted()
        if one != other { differences.append("\(what): ours \(one) theirs \(other)") }
    }

    private static func single(
        _ one: [(String, [[Int]])], _ other: [(String, [[Int]])]
    ) -> ((String, [[Int]]), (String, [[Int]]))? {
        one.count == 1 && other.count == 1 ? (one[0], other[0]) : nil
    }

    /// Whether ours says nothing of a conflict that the other does not say, too: it names less, since what is the same in
    /// many pairs is compared once.
    private func says(_ one: (String, [[Int]]), within other: (String, [[Int]])) -> Bool {
        func reasons(_ message: String) -> Set<String> {
            let said = normal(message).components(separatedBy: ". Use different aliases")[0]
            // Which of them comes first is no part of any.
            return Set(
                said.components(separatedBy: "subfields ").map { $0.hasSuffix(" and ") ? String($0.dropLast(5)) : $0 })
        }
        return Set(one.1).isSubset(of: other.1) && reasons(one.0).isSubset(of: reasons(other.0))
    }

    private func places(_ error: GraphQLError) -> [[Int]] { error.locations.map { [$0.line, $0.column] } }

    /// The message without what is no more than a habit of one of them.
    private func normal(_ message: String) -> String {
        guard kind == .core else { return message }
        // graphql-core quotes with the other quotes, and calls places by other words.
        let message = String(message.map { $0 == "'" ? "\"" : $0 })
        guard message.contains("may not be used on") else { return message }
        return String(message.lowercased().map { $0 == "_" ? " " : $0 })
    }

    /// Whether all put the message in the same words: where values are shown, each shows them in its own way.
    private func hasSameWords(_ message: String) -> Bool {
        ![
            "Abstract type", "Runtime Object type", "cannot represent", "got invalid value", "Cannot return null",
            "not even", "Schema is not",
        ]
        .contains { message.contains($0) }
    }

    /// Whether values are the same, numbers by what they are and not how they are written; JSON in texts, too.
    static func same(_ one: JSONValue, _ other: JSONValue) -> Bool {
        switch (one, other) {
        case (.list(let one), .list(let other)):
            // Directives come in any order, and graphql-core has one of a later specification.
            if one.first?["locations"] != nil, let own = one.first?["name"] {
                let other = other.filter { $0["name"] != "oneOf" }
                guard let match = other.first(where: { $0["name"] == own }) else { return false }
                let rest = JSONValue.list(other.filter { $0["name"] != own })
                return same(one[0], match) && same(.list(Array(one.dropFirst())), rest)
            }
            return one.count == other.count && zip(one, other).allSatisfy { same($0, $1) }
        case (.object(let one), .object(let other)):
            return one.members.map(\.name) == other.members.map(\.name)
                && zip(one.members, other.members).allSatisfy { same($0.value, $1.value) }
        case (.int, .float), (.float, .int), (.float, .float): return one.double == other.double
        case (.string(let one), .string(let other)) where one != other && one.hasPrefix("{"):
            guard let one = try? JSONValue(parsing: Array(one.utf8)),
                let other = try? JSONValue(parsing: Array(other.utf8))
            else { return false }
            return same(one, other)
        default: return one == other
        }
    }
}
