public import Streams

/// A consignment that arrives through the API comes as a *delivery*: the client declares its files, with what it
/// knows of them, in one call or several; then it sends the bytes of each, in any order and several at once. A
/// delivery is complete when the list is and every declared file has arrived.

/// A file that a client is going to send, in the client's words.
public struct DeclaredFile: Sendable {
    /// The path in the consignment, components parted by `/`; one leading `/` does not count.
    public var originalPath: String
    /// SHA-256 of the bytes, hexadecimal, either case; nil while the client is still computing it. The file is not taken
    /// for received before it has been declared again with it.
    public var checksum: String?
    /// Milliseconds since 1970 UTC.
    public var lastModified: Int64
    /// Bytes.
    public var fileSize: Int64
    /// The client's own name for it, which comes back with its id.
    public var matchId: String

    /// A file with all that has to be declared.
    public init(originalPath: String, checksum: String?, lastModified: Int64, fileSize: Int64, matchId: String) {
        self.originalPath = originalPath
        self.checksum = checksum
        self.lastModified = lastModified
        self.fileSize = fileSize
        self.matchId = matchId
    }
}

/// The id of a declared file beside the client's own.
public struct DeclaredFileID: Sendable {
    /// Under which the bytes are sent.
    public let fileId: RecordID
    /// The client's name for it.
    public let matchId: String
    /// Whether its bytes are there already, from an earlier try.
    public let isReceived: Bool
}

/// What a delivery may be, at most.
public enum DeliveryLimits {
    /// Files in one call.
    public static let filesPerCall = 10_000
    /// Bytes of one file: 8 TiB.
    public static let fileBytes: Int64 = 8 << 40
    /// Bytes of one path.
    public static let pathBytes = 4096
    /// Bytes of one component of a path: what every file system that a bag may be unpacked on can name.
    public static let nameBytes = 255
    /// Bytes of the client's own name for a file.
    public static let matchIDBytes = 256
}

/// What an archive takes in deliveries, where whoever runs it sets a bound, so that nobody fills its disk.
public struct DeliverySizes: Sendable {
    /// Bytes of one file, at most; nil for no bound but ``DeliveryLimits/fileBytes``.
    public var fileBytes: Int64?
    /// Bytes of all files of a consignment, at most.
    public var consignmentBytes: Int64?

    /// No bounds.
    public init() {}

    /// What a form with one file may bring that brings `usual` bytes where there are no bounds.
    package func formBytes(_ usual: Int64) -> Int64 {
        // There are some bytes around the file, which is measured when it has come.
        min(usual, [fileBytes, consignmentBytes].compactMap { $0 }.min().map { $0.addingSaturating(1 << 20) } ?? usual)
    }

    /// Refuses a file that is too large.
    ///
    /// - Throws: ``DeliveryError/fileTooLarge(_:bytes:limit:)``.
    package func check(_ path: RelativePath, bytes: Int64) throws {
        if let fileBytes, bytes > fileBytes {
            throw DeliveryError.fileTooLarge(path, bytes: bytes, limit: fileBytes)
        }
    }

    /// Refuses a consignment that would be too large.
    ///
    /// - Throws: ``DeliveryError/consignmentTooLarge(bytes:limit:)``.
    package func check(consignmentBytes bytes: Int64) throws {
        if let consignmentBytes, bytes > consignmentBytes {
            throw DeliveryError.consignmentTooLarge(bytes: bytes, limit: consignmentBytes)
        }
    }
}

extension Int64 {
    fileprivate func addingSaturating(_ other: Int64) -> Int64 {
        let (sum, isTooLarge) = addingReportingOverflow(other)
        return isTooLarge ? .max : sum
    }
}

/// A declared file that has been looked at: all of it can be kept as it is.
struct CheckedDeclaration: Sendable {
    let path: RelativePath
    /// nil when it is still to come.
    let sha256: SHA256Digest?
    let size: Int64
    /// Nanoseconds since 1970 UTC.
    let modified: Int64
    let matchId: String

    /// - Throws: ``DeliveryError``.
    init(_ file: DeclaredFile) throws {
        path = try CheckedDeclaration.path(file.originalPath)
        let sha256 = file.checksum.flatMap { SHA256Digest(hex: Array($0.utf8)) }
        if sha256 == nil, file.checksum != nil {
            throw DeliveryError.badDeclaration(path, "its checksum is not 64 hexadecimal digits")
        }
        guard file.fileSize >= 0 else { throw DeliveryError.badDeclaration(path, "its size is negative") }
        guard file.fileSize <= DeliveryLimits.fileBytes else {
            throw DeliveryError.badDeclaration(path, "it has more than \(DeliveryLimits.fileBytes) bytes")
        }
        // Year 1677 to 2262: what nanoseconds can say.
        guard abs(file.lastModified) < 9_000_000_000_000 else {
            throw DeliveryError.badDeclaration(path, "its last modification is no time in milliseconds since 1970")
        }
        guard file.matchId.utf8.count <= DeliveryLimits.matchIDBytes else {
            throw DeliveryError.badDeclaration(
                path, "its matchId has more than \(DeliveryLimits.matchIDBytes) bytes")
        }
        self.sha256 = sha256
        size = file.fileSize
        modified = file.lastModified * 1_000_000
        matchId = file.matchId
    }

    /// A path in a consignment from a client's text.
    static func path(_ text: String) throws -> RelativePath {
        var bytes = Array(text.utf8)
        // A folder that was dropped into a browser has one in front, a chosen one has not.
        if bytes.first == UInt8(ascii: "/") { bytes.removeFirst() }
        guard let path = RelativePath(bytes) else {
            throw DeliveryError.badPath(
                displayName(of: Array(bytes.prefix(200))),
                "it is empty, or has an empty component, '.', '..' or a NUL character")
        }
        guard bytes.count <= DeliveryLimits.pathBytes else {
            throw DeliveryError.badPath(
                displayName(of: Array(bytes.prefix(200))) + "…", "it has more than \(DeliveryLimits.pathBytes) bytes")
        }
        guard
            bytes.split(separator: UInt8(ascii: "/")).allSatisfy({ $0.count <= DeliveryLimits.nameBytes })
        else {
            throw DeliveryError.badPath(
                displayName(of: Array(bytes.prefix(200))), "a component has more than \(DeliveryLimits.nameBytes) bytes"
            )
        }
        return path
    }
}

/// A declared file that bytes are sent for.
public struct ExpectedFile: Sendable {
    let row: Int64
    let key: FileKey
    /// Its consignment.
    public let consignment: Consignment
    /// Its id.
    public let id: RecordID
    /// Bytes, as declared.
    public let size: Int64
    /// SHA-256, as declared.
    public let sha256: SHA256Digest
    /// Whether the SHA-256 is still to be declared; `sha256` means nothing then.
    public let awaitsDigest: Bool
    /// Nanoseconds since 1970 UTC, as declared.
    let modified: Int64
    /// Whether its bytes are there.
    public let isReceived: Bool
}

/// Why something about a delivery was refused. Nothing was changed then.
public enum DeliveryError: Error, CustomStringConvertible {
    /// A path that cannot be one.
    case badPath(String, String)
    /// What is said of a file makes no sense.
    case badDeclaration(RelativePath, String)
    /// The same path twice in one call.
    case duplicatePath(RelativePath)
    /// A path that is a file's and a folder's.
    case clash(RelativePath)
    /// More files than one call may bring.
    case tooManyFiles(Int)
    /// A file larger than this archive takes.
    case fileTooLarge(RelativePath, bytes: Int64, limit: Int64)
    /// More bytes than this archive takes in one consignment.
    case consignmentTooLarge(bytes: Int64, limit: Int64)
    /// A file that arrived before was another.
    case receivedDifferently(RelativePath)
    /// The list is complete and has no file.
    case noFiles
    /// What is said of a bag makes no sense.
    case badExportData(String)
    /// A state in which this cannot be done.
    case wrongState(String)
    /// There is no such series, or it is another body's.
    case unknownSeries
    /// The person belongs to no body.
    case noBody
    /// What was sent is not what was declared.
    case mismatch(declared: String, received: String)
    /// More bytes than declared, or fewer in a whole file.
    case wrongSize(declared: Int64, received: Int64)
    /// The piece does not begin where the last one ended.
    case wrongOffset(expected: Int64)
    /// Another request sends the same file.
    case beingSent
    /// There is too little room.
    case tooLittleRoom

    /// What was being done, to what, what was found, what to do next.
    public var description: String {
        switch self {
        case .badPath(let path, let why): "the path '\(path)' is refused: \(why)"
        case .badDeclaration(let path, let why): "the file '\(path.display)' is refused: \(why)"
        case .duplicatePath(let path): "the path '\(path.display)' is declared twice"
        case .clash(let path): "the path '\(path.display)' is declared as a file and as a folder"
        case .tooManyFiles(let count):
            "\(count) files in one call; at most \(DeliveryLimits.filesPerCall): declare them in several calls, all but"
                + " the last with more: true"
        case .fileTooLarge(let path, let bytes, let limit):
            "the file '\(path.display)' has \(bytes) bytes; this archive takes files of at most \(limit): leave it out, or"
                + " ask whoever runs the archive"
        case .consignmentTooLarge(let bytes, let limit):
            "the consignment would have \(bytes) bytes; this archive takes at most \(limit) in one: transfer the records"
                + " in several consignments, or ask whoever runs the archive"
        case .receivedDifferently(let path):
            "the file '\(path.display)' has arrived with another size or checksum; transfer it in a new consignment"
        case .noFiles: "an upload needs at least one file"
        case .badExportData(let why): "what is said of the bag is refused: \(why)"
        case .wrongState(let why): why
        case .unknownSeries: "your body has no such series"
        case .noBody: "you belong to no transferring body"
        case .mismatch(let declared, let received):
            "the bytes are not those that were declared: SHA-256 declared \(declared), received \(received); send the"
                + " file again"
        case .wrongSize(let declared, let received):
            "the file was declared with \(declared) bytes and \(received) came"
        case .wrongOffset(let expected): "the next byte that is wanted is number \(expected)"
        case .beingSent: "another request is sending this file; wait for it"
        case .tooLittleRoom: "the archive's disk has too little room for this file; tell whoever runs it"
        }
    }
}
