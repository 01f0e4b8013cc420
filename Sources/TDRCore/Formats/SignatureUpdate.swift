import Pronom
import Streams

/// Fetches the newest signature files from The National Archives and makes them the ones in use.
///
/// The page names all published files; the highest binary version and the latest container date are taken. What comes
/// is parsed and compiled before anything is kept, and must be newer than what is in use.
public struct SignatureUpdate: Sendable {
    /// The page of The National Archives that links to all published signature files.
    public static let publishedPage = "https://www.nationalarchives.gov.uk/aboutapps/pronom/droid-signature-files.htm"

    /// What came of it.
    public enum Result: Sendable {
        /// Newer files were imported.
        case updated(SignatureLibrary.Import)
        /// The newest published files are in use already, or older.
        case current(Signatures, published: String)
    }

    private let library: SignatureLibrary
    private let download: Download
    private let page: String

    /// An update of `library` from the files that `page` names; a list of a folder will do as page.
    public init(_ library: SignatureLibrary, _ download: Download, from page: String = publishedPage) {
        self.library = library
        self.download = download
        self.page = page
    }

    /// Looks, fetches and imports.
    ///
    /// - Throws: ``SignatureError``, ``SystemFault``, `CancellationError`.
    public func run(at time: Timestamp) throws -> Result {
        let text = String(decoding: try download.fetch(page), as: UTF8.self)
        let links = SignatureLinks(in: text, at: page)
        guard let binary = links.binary, let container = links.container else {
            throw SignatureError.cannotFetch(
                page, reason: "the page names no \(links.binary == nil ? "binary" : "container") signature file")
        }
        let inUse = try library.inUse().signatures
        let published = SignatureVersion(
            binary: "\(binary.version)", containerName: "", containerVersion: "\(container.version)")
        guard published.isNewer(than: SignatureVersion(inUse.compiled)) else {
            return .current(inUse, published: published.description)
        }
        let sources = try [binary, container].map { link in
            try SignatureSource(try download.fetch(link.address), name: link.name, from: link.address)
        }
        let pair = try library.pair(sources)
        let compiled = try SignatureSource.compile(binary: pair.binary, container: pair.container)
        let found = SignatureVersion(compiled.set)
        guard found.isNewer(than: SignatureVersion(inUse.compiled)) else {
            throw SignatureError.notNewer(offered: found.description, inUse: inUse.version)
        }
        // PRONOM only grows; a file that lost much of it is not what it says.
        guard compiled.set.formatCount >= inUse.formatCount * 9 / 10 else {
            throw SignatureError.unusable(
                binary.address,
                reason: "it knows \(compiled.set.formatCount) formats, those in use \(inUse.formatCount)")
        }
        return .updated(try library.keep(pair, at: time))
    }
}

extension SignatureVersion {
    /// Whether one of the two files is newer and neither is older.
    func isNewer(than other: SignatureVersion) -> Bool {
        binary >= other.binary && container >= other.container && (binary, container) != (other.binary, other.container)
    }
}

/// The newest signature files that a page names.
struct SignatureLinks {
    /// A file on the page.
    struct Link: Equatable {
        let name: String
        let version: Int
        let address: String
    }

    private(set) var binary: Link?
    private(set) var container: Link?

    init(in page: String, at address: String) {
        let base = address.hasSuffix("/") ? address : SignatureLinks.folder(of: address)
        // Whatever can stand beside an address in HTML or in a plain list ends it.
        for word in page.split(whereSeparator: { "\"'<>() \t\r\n".contains($0) }) {
            let name = word.split(separator: "/").last.map(String.init) ?? ""
            let target = word.hasPrefix("https://") || word.hasPrefix("http://") ? String(word) : base + name
            if let version = SignatureLinks.number(in: name, between: "DROID_SignatureFile_V", and: ".xml") {
                if version > binary?.version ?? -1 { binary = Link(name: name, version: version, address: target) }
            } else if let date = SignatureLinks.number(in: name, between: "container-signature-", and: ".xml") {
                if date > container?.version ?? -1 { container = Link(name: name, version: date, address: target) }
            }
        }
    }

    private static func folder(of address: String) -> String {
        address.lastIndex(of: "/").map { String(address[...$0]) } ?? address
    }

    private static func number(in name: String, between prefix: String, and suffix: String) -> Int? {
        guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return nil }
        let digits = name.dropFirst(prefix.count).dropLast(suffix.count)
        guard !digits.isEmpty, digits.count <= 8, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(digits)
    }
}
