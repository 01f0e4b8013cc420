import GraphQL
import Streams
import TDRCore
import Testing

@testable import TDRServer

/// What the schema says of itself.
@Suite struct SchemaDescriptionTests {
    @Test("every type, field, argument and value is explained")
    func descriptions() async throws {
        let desk = try ServerDesk()
        let maria = try desk.principal("maria", [.standardUser])
        let answer = try await desk.ask(
            """
            { __schema { types { name description
                fields(includeDeprecated: true) { name description args { name description } }
                inputFields { name description } enumValues(includeDeprecated: true) { name description } } } }
            """, as: maria)
        #expect(answer.errors.isEmpty, "\(answer.errors)")
        var silent: [String] = []
        var count = 0
        func look(_ value: JSONValue, _ place: String) {
            count += 1
            // The scalars of the specification are explained there.
            if value["description"]?.string?.isEmpty ?? true { silent.append(place) }
        }
        for type in answer.data?["__schema"]?["types"]?.list ?? [] {
            let name = type["name"]?.string ?? ""
            if name.hasPrefix("__") { continue }
            look(type, name)
            for list in ["fields", "inputFields", "enumValues"] {
                for part in type[list]?.list ?? [] {
                    let place = "\(name).\(part["name"]?.string ?? "")"
                    look(part, place)
                    for argument in part["args"]?.list ?? [] {
                        look(argument, "\(place)(\(argument["name"]?.string ?? ""))")
                    }
                }
            }
        }
        #expect(silent == [])
        #expect(count > 300)
    }
}
