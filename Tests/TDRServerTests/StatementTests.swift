import GraphQL
import Streams
import TDRTestSupport
import Testing

@testable import TDRCore
@testable import TDRServer

/// What a page costs.
@Suite struct StatementTests {
    /// Types with their fields: by name, the type of each without lists and non-nulls, nil for a scalar.
    private struct Shapes {
        var fields: [String: [(name: String, type: String?)]] = [:]

        init(_ desk: ServerDesk, as somebody: Principal) async throws {
            let type = "kind name ofType { kind name ofType { kind name ofType { kind name } } }"
            let answer = try await desk.ask(
                "{ __schema { types { name kind fields(includeDeprecated: true) { name type { \(type) } } } } }",
                as: somebody)
            for one in answer.data?["__schema"]?["types"]?.list ?? [] where one["kind"]?.string == "OBJECT" {
                guard let name = one["name"]?.string, !name.hasPrefix("__") else { continue }
                fields[name] = (one["fields"]?.list ?? []).map { field in
                    var type = field["type"]
                    while let inner = type?["ofType"], !inner.isNull { type = inner }
                    return (
                        field["name"]?.string ?? "", type?["kind"]?.string == "OBJECT" ? type?["name"]?.string : nil
                    )
                }
            }
        }

        /// All that can be asked of a type, but for what would begin anew.
        func selection(of type: String, but left: Set<String> = [], above: [String] = []) -> String {
            let path = above + [type]
            let parts = (fields[type] ?? []).filter { !left.contains($0.name) }.compactMap { field -> String? in
                guard let inner = field.type else { return field.name }
                return path.contains(inner) ? nil : "\(field.name) \(selection(of: inner, above: path))"
            }
            return "{ \(parts.joined(separator: " ")) }"
        }
    }

    private static func unlimited() throws -> GraphQLEngine {
        var limits = Limits()
        limits.cost = .max
        return GraphQLEngine(schema: try APISchema.make(), limits: limits)
    }

    @Test("asks the database as often for many files or consignments as for few, whatever is asked of each")
    func pages() async throws {
        let desk = try ServerDesk()
        let maria = try desk.principal("maria", [.standardUser])
        let adviser = try desk.principal("adviser", [.transferAdviser], body: nil)
        let shapes = try await Shapes(desk, as: maria)
        let engine = try StatementTests.unlimited()
        #expect(shapes.fields["Consignment"]?.count ?? 0 > 30)
        #expect(shapes.fields["File"]?.count ?? 0 > 10)
        let large = try desk.delivery(of: maria, files: 1200).consignment
        for _ in 0..<10 {
            let one = try desk.delivery(of: maria, files: 3).consignment
            try StoreRows.execute(
                desk.folder.appending("store"),
                "INSERT INTO consignmentStatus VALUES (\(one.row), 'MetadataReview', 'InProgress', 0, 0)")
            try StoreRows.execute(
                desk.folder.appending("store"),
                """
                INSERT INTO metadataReviewLog (consignmentId, runId, action, datetime, notes)
                VALUES (\(one.row), 1, 'Submission', 0, '')
                """)
        }
        func cost(_ query: String, as somebody: Principal, _ place: [String], gives count: Int) async throws -> Int {
            let statements = try await desk.statements {
                let answer = try await desk.ask(query, as: somebody, engine: engine)
                #expect(answer.errors.isEmpty, "\(answer.errors)")
                let list = place.reduce(answer.data) { $0?[$1] }?.list
                #expect(list?.count == count, "\(query.prefix(200))")
            }
            #expect(statements > 0)
            return statements
        }
        let files = shapes.selection(of: "File")
        func page(_ limit: Int) async throws -> Int {
            try await cost(
                """
                { getConsignment(consignmentid: "\(large.id)") {
                    paginatedFiles(paginationInput: { limit: \(limit) }) { edges { node \(files) } totalItems } } }
                """, as: maria, ["getConsignment", "paginatedFiles", "edges"], gives: limit)
        }
        // The first reads what is remembered, as the number of the schema.
        _ = try await page(10)
        #expect(try await page(1000) == page(10))

        let consignments = shapes.selection(of: "Consignment")
        #expect(consignments.contains("paginatedFiles") && consignments.contains("totalClosedRecords"))
        func list(_ limit: Int) async throws -> Int {
            try await cost(
                """
                { consignments(limit: \(limit), consignmentFiltersInput: { userId: "\(maria.id)" })
                    { edges { node \(consignments) } totalItems } }
                """, as: maria, ["consignments", "edges"], gives: limit)
        }
        _ = try await list(1)
        #expect(try await list(10) == list(1))

        func reviews(_ count: Int) async throws -> Int {
            try await cost(
                "{ getConsignmentsForMetadataReview \(consignments) }", as: adviser,
                ["getConsignmentsForMetadataReview"], gives: count)
        }
        let many = try await reviews(10)
        try StoreRows.execute(
            desk.folder.appending("store"),
            "DELETE FROM metadataReviewLog WHERE id > 1")
        #expect(try await reviews(1) == many)
    }

    @Test("asks the database as often for many users, bodies or transfers as for few")
    func lists() async throws {
        let desk = try ServerDesk()
        let maria = try desk.principal("maria", [.standardUser])
        _ = try desk.delivery(of: maria)
        func costs() async throws -> [Int] {
            var out: [Int] = []
            out.append(try await desk.statements { _ = try desk.store.users() })
            out.append(try await desk.statements { _ = try desk.store.bodies() })
            out.append(
                try await desk.statements { _ = try desk.store.reports(on: try desk.store.consignments()) })
            return out
        }
        _ = try await costs()
        let few = try await costs()
        for number in 0..<20 {
            let user = try desk.principal("user\(number)", [.standardUser])
            _ = try desk.store.makeToken(
                for: user.login, name: "t", scopes: [.read], expires: nil, run: ServerDesk.run)
            try desk.store.addBody("Body \(number)", code: "TDR-B\(number)", run: ServerDesk.run)
            _ = try desk.delivery(of: user)
        }
        #expect(try await costs() == few)
        #expect(try desk.store.users().count == 21)
        #expect(try desk.store.countOfUsers() == 21)
        #expect(try desk.store.users().allSatisfy { $0.login == "maria" || $0.tokens.map(\.name) == ["t"] })
        #expect(try desk.store.bodies().count == 22)
        #expect(try desk.store.countOfBodies() == 22)
        #expect(try desk.store.bodies().first { $0.code == "TDR-MOCK2" }?.series.map(\.code) == ["MOCK2 1"])
    }
}
