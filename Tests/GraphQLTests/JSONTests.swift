import GraphQL
import Testing

@Suite struct JSONTests {
    @Test(
        "reads JSON and writes it again",
        arguments: [
            "null", "true", "false", "0", "-1", "9223372036854775807", "1.5", "-0.25", "\"\"", "[]", "{}",
            #"[1,[2,{"a":null}],"x"]"#, #"{"b":1,"a":{"c":[]}}"#, #""\"\\\b\f\n\r\t\u0001é😀""#,
        ])
    func roundTrip(_ text: String) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)).text == text)
    }

    @Test(
        "keeps whole numbers apart from others",
        arguments: [
            ("1", JSONValue.int(1)), ("1.0", .float(1)), ("1e2", .float(100)), ("-0", .int(0)), ("1E-1", .float(0.1)),
            ("9223372036854775808", .float(9_223_372_036_854_775_808)), (" \t\r\n7 ", .int(7)),
            (#""\ud83d\ude00\u0041\/""#, .string("\u{1F600}A/")),
        ])
    func values(_ text: String, _ value: JSONValue) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)) == value)
    }

    @Test(
        "refuses what is no JSON, and says where",
        arguments: [
            ("", 0), (" ", 1), ("nul", 0), ("tru", 0), ("01", 1), ("1.", 2), ("1e", 2), ("-", 1), ("+1", 0), (".5", 0),
            ("1e999", 0), ("\"", 1), ("\"\u{1}\"", 1), (#""\x""#, 2), (#""\u12"#, 5), (#""\ud800""#, 7),
            (#""\udc00""#, 7), ("[1,]", 3), ("[1 2]", 3), ("[", 1), ("{\"a\"}", 4), ("{\"a\":1,}", 7), ("{a:1}", 1),
            ("{\"a\":1,\"a\":2}", 7), ("1 2", 2), ("'a'", 0), ("NaN", 0), ("\u{FEFF}1", 0), ("[1]]", 3),
        ])
    func faults(_ text: String, _ offset: Int) {
        #expect {
            _ = try JSONValue(parsing: Array(text.utf8))
        } throws: { error in
            (error as? JSONFault)?.offset == offset
        }
    }

    @Test(
        "refuses bytes that are no UTF-8",
        arguments: [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22]])
    func encoding(_ bytes: [UInt8]) {
        #expect(throws: JSONFault.self) { try JSONValue(parsing: bytes) }
    }

    @Test("refuses nesting and numbers of values above the limit, and names twice among very many")
    func limits() throws {
        let deep = Array((String(repeating: "[", count: 100_000)).utf8)
        #expect(throws: JSONFault.self) { try JSONValue(parsing: deep, nesting: Int.max) }
        #expect(throws: JSONFault.self) { try JSONValue(parsing: Array("[[1]]".utf8), nesting: 1) }
        #expect(throws: JSONFault.self) { try JSONValue(parsing: Array("[1,2,3]".utf8), values: 3) }
        let members = (0..<50_000).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
        #expect(try JSONValue(parsing: Array("{\(members)}".utf8)).object?.count == 50_000)
        #expect(throws: JSONFault.self) { try JSONValue(parsing: Array("{\(members),\"k7\":1}".utf8)) }
    }

    @Test("never crashes on bytes that are nearly JSON, and reads what it wrote")
    func fuzz() throws {
        var mutator = Mutator(seed: 11)
        var random = Seeded(12)
        let sample = Sample.data.text
        var read = 0
        for _ in 0..<3_000 {
            let text = random.chance(50) ? sample : #"{"a":[1,2.5,"x\u00e9",null,true],"b":{"c":-1e3}}"#
            guard let value = try? JSONValue(parsing: Array(mutator.mutate(text).utf8)) else { continue }
            read += 1
            #expect(try Comparison.same(JSONValue(parsing: Array(value.text.utf8)), value))
        }
        #expect(read > 100)
    }
}
