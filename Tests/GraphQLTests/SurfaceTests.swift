import GraphQL
import Testing

@Suite struct SurfaceTests {
    @Test("a schema prints itself")
    func sdl() throws {
        let query = ObjectType("Query", of: Root.self) { type in
            type.field("hello", "String", "Says it.") { _ in "world" }
        }
        let schema = try Schema(query: query, types: [])
        #expect(schema.sdl().contains("hello: String"))
    }
}
