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

/// A place in S3 and a client that may write there.
struct S3Place: Sendable {
    let location: S3Location
    let endpointName: String
    let client: S3Client
    let object: S3ObjectOptions
    let readBack: Bool

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
        let options = request.s3
        let settings: AWSSettings
        do {
            settings = try AWSSettings(environment: options.environment, profile: options.profile) { path in
                do {
                    return try S3Place.contents(of: path)
                } catch let fault as SystemFault where fault.code == ENOENT || fault.code == ENOTDIR {
                    return nil
                }
            }
        } catch let fault as AWSSettings.Fault {
            throw bad(fault.description)
        }
        let region = options.region ?? settings.region
        let address = options.endpoint ?? settings.endpoint
        let style =
            options.style.map { $0 == .path ? S3Endpoint.Style.path : .virtualHost }
            ?? ["path": S3Endpoint.Style.path, "virtual": .virtualHost][settings.addressing ?? ""]
        guard let endpoint = S3Endpoint(address, region: region, style: style) else {
            throw bad("the endpoint is no address such as https://s3.example.org")
        }
        self.location = location
        endpointName = address ?? region
        client = S3Client(endpoint: endpoint, credentials: settings.credentials, region: region)
        var object = S3ObjectOptions()
        object.storageClass = options.storageClass
        object.tags = options.tags
        self.object = object
        readBack = options.readBack
    }

    private static func contents(of path: BytePath) throws -> [UInt8] {
        let file = try OpenFile.reading(path)
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = try bytes.withUnsafeMutableBytes { try file.fill($0) }
        return Array(bytes.prefix(count))
    }
}
