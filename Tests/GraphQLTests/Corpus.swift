import Foundation
import GraphQL

/// Queries written by hand: of each rule and each part of execution some that are right and some that are not.
enum Corpus {
    /// `Oracle/queries.jsonl`: a request on each line.
    static func requests() throws -> [GraphQLRequest] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Oracle/queries.jsonl")
        return try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")).map { line in
            let json = try JSONValue(parsing: Array(line))
            return GraphQLRequest(
                json["query"]?.string ?? "", operationName: json["operationName"]?.string,
                variables: json["variables"]?.object ?? [:])
        }
    }
}
