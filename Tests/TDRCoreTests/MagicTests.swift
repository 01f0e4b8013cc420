import Streams
import TDRTestSupport
import Testing

@testable import TDRCore

@Suite struct MagicTests {
    private static func answer(_ text: String) throws -> MagicAnswer? {
        let magic = try Magic()
        return Array(text.utf8).withUnsafeBytes { magic.answer(for: $0) }
    }

    @Test(
        "knows the kind of a text of one long line by how it begins",
        arguments: [
            ("<!DOCTYPE html><html><body>", "text/html"), ("<?xml version=\"1.0\"?><svg xmlns=\"", "image/svg+xml"),
            ("<?xml version=\"1.0\"?><r>", "text/xml"), ("words and ", "text/plain"),
            ("{\"key\": [", "application/json"), ("[", "application/json"),
        ])
    func longLine(_ start: String, _ type: String) throws {
        let filler = String(repeating: type.hasSuffix("json") ? "1, " : "words and more words ", count: 1000)
        let end = start.hasPrefix("{") ? "1]}" : start.hasPrefix("[") ? "1]" : ""
        #expect(try MagicTests.answer(start + filler + end)?.mimeType == type)
    }

    @Test("says of what is no file at all that it is empty, and of noise that it is data")
    func others() throws {
        #expect(try MagicTests.answer("")?.mimeType == "inode/x-empty")
        #expect(try MagicTests.answer("\u{16}\u{1}\u{17}\u{18}\u{19}\u{1A}\u{1C}")?.isUnknown == true)
    }
}
