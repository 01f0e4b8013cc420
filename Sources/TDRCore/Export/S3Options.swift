import Glibc
import S3
import Streams

/// How to reach an S3 server, and how objects are kept there.
public struct S3Options: Sendable {
    /// Where a bucket stands in addresses.
    public enum Style: String, Sendable, CaseIterable {
        /// `https://host/bucket/key`
        case path
        /// `https://bucket.host/key`
        case virtualHost = "virtual-host"
    }

    /// The server, `https://` unless it says `http://`; AWS's own by default.
    public var endpoint: String?
    /// The region that requests are signed for.
    public var region: String?
    /// The profile of AWS's files with the keys.
    public var profile: String?
    /// As the profile says, else by the endpoint.
    public var style: Style?
    /// The storage class of the objects.
    public var storageClass: String?
    /// The objects' tags.
    public var tags: [(name: String, value: String)] = []
    /// Whether the finished archive is read back whole.
    public var readBack = false
    /// The environment of the program, with the AWS variables.
    public var environment: [String: String] = [:]

    /// AWS, by what the environment says.
    public init() {}
}

/// A client of an S3 server, and how to reach the same server again.
struct S3Access: Sendable {
    let client: S3Client
    /// What is to be kept of it in the store; never a key.
    let server: S3Server

    /// Why no server can be asked.
    struct Fault: Error, CustomStringConvertible {
        let reason: String
        var description: String { "cannot use S3: \(reason)" }
    }

    /// - Parameter known: Where something was written before; options come before it, AWS's settings after it.
    init(_ options: S3Options, known: S3Server? = nil) throws {
        let settings: AWSSettings
        do {
            settings = try AWSSettings(environment: options.environment, profile: options.profile) { path in
                do {
                    return try S3Access.contents(of: path)
                } catch let fault as SystemFault where fault.code == ENOENT || fault.code == ENOTDIR {
                    return nil
                }
            }
        } catch let fault as AWSSettings.Fault {
            throw Fault(reason: fault.description)
        }
        let region = options.region ?? known?.region ?? settings.region
        // What was written at AWS itself is not looked for at the endpoint of today's settings.
        let address = options.endpoint ?? (known == nil ? settings.endpoint : known?.address)
        let style =
            options.style ?? known?.style
            ?? ["path": S3Options.Style.path, "virtual": .virtualHost][settings.addressing ?? ""]
        guard
            let endpoint = S3Endpoint(
                address, region: region, style: style.map { $0 == .path ? .path : .virtualHost })
        else { throw Fault(reason: "the endpoint is no address such as https://s3.example.org") }
        server = S3Server(address: address, region: region, style: style)
        client = S3Client(endpoint: endpoint, credentials: settings.credentials, region: region)
    }

    private static func contents(of path: BytePath) throws -> [UInt8] {
        let file = try OpenFile.reading(path)
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = try bytes.withUnsafeMutableBytes { try file.fill($0) }
        return Array(bytes.prefix(count))
    }
}

/// Where an S3 server is.
struct S3Server: Hashable, Sendable {
    /// Nil for AWS's own of the region.
    let address: String?
    let region: String
    let style: S3Options.Style?

    /// The server in a word.
    var name: String { address ?? region }
}

/// A place in S3 and a client that may write there.
struct S3Place: Sendable {
    let location: S3Location
    let access: S3Access
    let object: S3ObjectOptions
    let readBack: Bool

    var client: S3Client { access.client }

    /// Nil when the target of the export is not in S3.
    init?(_ request: ExportRequest) throws {
        guard S3Location.isMeant(by: request.target) else { return nil }
        func bad(_ reason: String) -> ExportError { .badTarget(request.target, reason: reason) }
        guard let location = S3Location(request.target) else {
            throw bad("it is not s3://bucket/prefix, in which no part is empty, '.' or '..'")
        }
        guard request.form != .folder else {
            throw bad("a folder cannot be written to S3; choose an archive with --form")
        }
        self.location = location
        do {
            access = try S3Access(request.s3)
        } catch let fault as S3Access.Fault {
            throw bad(fault.reason)
        }
        var object = S3ObjectOptions()
        object.storageClass = request.s3.storageClass
        object.tags = request.s3.tags
        self.object = object
        readBack = request.s3.readBack
    }
}
