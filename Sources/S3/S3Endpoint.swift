/// An S3 server and how it names its buckets.
package struct S3Endpoint: Sendable {
    /// Where the bucket stands in the address.
    package enum Style: String, Sendable, CaseIterable {
        /// `https://host/bucket/key`
        case path
        /// `https://bucket.host/key`
        case virtualHost = "virtual-host"
    }

    private let scheme: String
    private let authority: String
    private let base: String
    private let style: Style

    /// AWS's own endpoint of a region, or the one given: `https://` unless it says `http://` itself.
    ///
    /// Nil when `address` is no such address.
    package init?(_ address: String?, region: String, style: Style?) {
        guard let address else {
            scheme = "https"
            authority = "s3.\(region).amazonaws.com"
            base = ""
            self.style = style ?? .virtualHost
            return
        }
        var rest = address[...]
        if let end = address.firstRange(of: "://") {
            scheme = address[..<end.lowerBound].lowercased()
            rest = address[end.upperBound...]
        } else {
            scheme = "https"
        }
        while rest.last == "/" { rest.removeLast() }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        authority = rest[..<slash].lowercased()
        base = String(rest[slash...])
        // Other servers seldom have a name for each bucket.
        self.style = style ?? .path
        // No user, query or fragment: what could hide a password has no place here.
        let isPlain = rest.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"@?#\"<>\\^`{|}%".utf8.contains($0) }
        guard ["http", "https"].contains(scheme), !authority.isEmpty, isPlain else { return nil }
    }

    /// The `host` header, the path and the whole address without a query.
    func address(bucket: String, key: String?) -> (host: String, path: String, url: String) {
        let host = style == .path ? authority : "\(bucket).\(authority)"
        var path = base
        if style == .path { path += "/\(S3Encoding.path(bucket))" }
        if let key { path += "/\(S3Encoding.path(key))" }
        if path.isEmpty { path = "/" }
        return (host, path, "\(scheme)://\(host)\(path)")
    }
}
