/// One thing that a bag holds, as its container describes it. Nothing in it is to be trusted.
package struct BagMember: Hashable, Sendable {
    /// What it is.
    package enum Kind: Hashable, Sendable {
        case file, directory, hardlink, other
        /// Where it leads, if known.
        case symlink(target: [UInt8]?)
        /// It is there and cannot be looked at; why.
        case unreadable(String)
    }

    /// As the container spells it; nil when it has no name that could be read.
    package let path: [UInt8]?
    /// Only a file belongs in a bag.
    package let kind: Kind
    /// Bytes of content, as far as known before it is read.
    package let size: Int64

    /// As a source describes it.
    package init(path: [UInt8]?, kind: Kind, size: Int64) {
        self.path = path
        self.kind = kind
        self.size = size
    }
}

/// Reads the content of the member at hand: gives it to `chunk` piece by piece, each lent for the call. May be called once,
/// or not at all.
package typealias BagContent = (_ chunk: (UnsafeRawBufferPointer) throws -> Void) throws -> Void

/// What a bag is read from: a folder or an archive.
package protocol BagSource: Sendable {
    /// For messages and the report.
    var location: String { get }

    /// Whether each path starts with the one top folder that a serialized bag has (RFC 8493 §4).
    var hasTopFolder: Bool { get }

    /// Goes through all members, in the source's own order, and calls `body` for each on the calling thread.
    ///
    /// May be called again for another pass; it must then show the same members, or throw when they changed. Errors of
    /// `body` are passed on. Blocks; checks for cancellation.
    /// - Throws: when the source cannot be read to its proper end.
    func visit(_ body: (BagMember, BagContent) throws -> Void) throws
}
