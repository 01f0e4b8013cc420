import Streams

/// What an S3 server refused, or why it could not be asked, and what to do about it.
package struct S3Failure: Error, Sendable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        case noSuchBucket, noSuchKey, noSuchUpload
        /// Something has the name already, and was asked to be left alone.
        case exists
        /// The server does not know a header or an operation.
        case notImplemented
        case denied, unknownKey, wrongSecret, expired, skewed, wrongRegion
        /// What arrived is not what was sent, in either direction.
        case corrupted
        case full
        /// The server is busy or failing, or nobody answers: worth another try.
        case busy, unreachable
        case other
    }

    package let kind: Kind
    /// What was being done, as `put s3://bucket/key`.
    package let doing: String
    package let status: Int
    /// The server's own code and words, safe to be shown.
    package let detail: String

    init(_ kind: Kind, doing: String, status: Int = 0, detail: String) {
        self.kind = kind
        self.doing = doing
        self.status = status
        self.detail = displayName(of: Array(detail.utf8.prefix(300)))
    }

    /// What a server's answer says.
    init(doing: String, status: Int, body: [UInt8]) {
        let error = XMLNode.root(of: body)
        let code = error?.name == "Error" ? error?.value("Code") ?? "" : ""
        let message = error?.value("Message") ?? ""
        self.init(
            S3Failure.kind(status: status, code: code), doing: doing, status: status,
            detail: [status == 200 ? "" : "HTTP \(status)", code, message].filter { !$0.isEmpty }.joined(separator: " ")
        )
    }

    private static let codes: [String: Kind] = [
        "NoSuchBucket": .noSuchBucket, "NoSuchKey": .noSuchKey, "NoSuchUpload": .noSuchUpload,
        "PreconditionFailed": .exists, "ConditionalRequestConflict": .busy, "NotImplemented": .notImplemented,
        "AccessDenied": .denied, "InvalidAccessKeyId": .unknownKey, "SignatureDoesNotMatch": .wrongSecret,
        "ExpiredToken": .expired, "InvalidToken": .expired, "RequestTimeTooSkewed": .skewed,
        "PermanentRedirect": .wrongRegion, "AuthorizationHeaderMalformed": .wrongRegion,
        "TemporaryRedirect": .wrongRegion, "BadDigest": .corrupted, "InvalidDigest": .corrupted,
        "XAmzContentSHA256Mismatch": .corrupted, "XAmzContentChecksumMismatch": .corrupted,
        "IncompleteBody": .corrupted, "InsufficientStorage": .full, "XMinioStorageFull": .full,
        "QuotaExceeded": .full, "EntityTooLarge": .other, "SlowDown": .busy, "InternalError": .busy,
        "ServiceUnavailable": .busy, "RequestTimeout": .busy, "OperationAborted": .busy,
    ]

    private static func kind(status: Int, code: String) -> Kind {
        if let kind = codes[code] { return kind }
        switch status {
        case 301, 302, 307, 308: return .wrongRegion
        case 401, 403: return .denied
        case 404: return .noSuchKey
        case 408, 429, 500, 502, 503, 504: return .busy
        case 412: return .exists
        case 422: return .corrupted
        case 501: return .notImplemented
        case 507: return .full
        default: return .other
        }
    }

    package var description: String {
        "cannot \(doing): \(detail)\(detail.hasSuffix(".") ? "" : ".") \(advice)"
    }

    private var advice: String {
        switch kind {
        case .noSuchBucket: "There is no such bucket: make it, or correct the name or the endpoint"
        case .noSuchKey: "There is no such object"
        case .noSuchUpload: "The upload is gone from the server; try again and it is begun anew"
        case .exists: "Something else has that name; it is left as it is"
        case .notImplemented: "The server does not offer this"
        case .denied:
            "The key may not do this: it needs to read and write objects, and to list the bucket, its uploads and"
                + " their parts, and to abort uploads"
        case .unknownKey: "The server does not know the access key: look at the profile or AWS_ACCESS_KEY_ID"
        case .wrongSecret:
            "The secret does not go with the access key: look at the profile or AWS_SECRET_ACCESS_KEY"
        case .expired: "The session has ended: get new credentials and try again; the upload goes on"
        case .skewed: "The clocks of this machine and of the server differ: set this machine's clock"
        case .wrongRegion: "The bucket lives elsewhere: say --region, or --endpoint"
        case .corrupted: "The bytes were damaged on the way, twice: try again, and look after the network"
        case .full: "The server has no room: free some and try again; the upload goes on"
        case .busy: "The server stays busy: try again later; the upload goes on"
        case .unreachable: "Look at the endpoint and the network and try again; the upload goes on"
        case .other: "Look at the server's words"
        }
    }
}
