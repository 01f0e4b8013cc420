struct ResultTree: Sendable {
    var json: JSONValue { .null }
    func write(into bytes: inout [UInt8]) { json.write(into: &bytes) }
}
