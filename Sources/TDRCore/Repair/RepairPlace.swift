package import Streams

/// Which entry of a consignment a file or folder stands for.
package struct RepairPlace {
    /// Files of one name that are looked for: more than one is too many, and some of them are named.
    package static let enough = 6

    /// Where the entry is.
    package enum Answer {
        /// There.
        case known(RelativePath)
        /// Where the only file of this name is.
        case onlyFile(named: [UInt8])
    }

    private let act: RepairAct
    private let source: BytePath
    private let name: [UInt8]
    private let kind: FileStatus.Kind
    private let consignment: Consignment
    private let top: RelativePath?

    /// The place of `source`, whose own name is `name`.
    package init(
        _ act: RepairAct, _ source: BytePath, name: [UInt8], _ kind: FileStatus.Kind, _ consignment: Consignment
    ) {
        self.act = act
        self.source = source
        self.name = name
        self.kind = kind
        self.consignment = consignment
        top = RelativePath(consignment.parentFolder)
    }

    /// The place: as it is `wanted`, else by what is done and to what.
    ///
    /// - Throws: ``RepairError``.
    package func place(_ wanted: RelativePath?) throws -> Answer {
        if act == .add, consignment.type == .judgment {
            throw RepairError.badSource(source, reason: "a judgment is one file; replace that")
        }
        if let wanted { return .known(try checked(wanted)) }
        if act == .add, let top { return .known(top.appending(name: name)) }
        if kind != .directory, act == .replace { return .onlyFile(named: name) }
        guard let place = kind == .directory ? top : RelativePath(name) else {
            throw RepairError.badSource(
                source, reason: "say with --as PATH which entry of \(consignment.reference) it stands for")
        }
        return .known(place)
    }

    /// The only one of these files.
    ///
    /// - Throws: ``RepairError``.
    package func only(of found: [RelativePath]) throws -> RelativePath {
        guard let first = found.first else {
            throw RepairError.badSource(
                source,
                reason: "\(consignment.reference) has no file of that name; say which one it replaces with --as PATH")
        }
        if found.count > 1 { throw RepairError.ambiguous(consignment.reference, source, found) }
        return first
    }

    private func checked(_ place: RelativePath) throws -> RelativePath {
        guard let top else { return place }
        guard place == top || place.bytes.starts(with: top.bytes + [UInt8(ascii: "/")]) else {
            throw RepairError.badPlace(
                BytePath(place.bytes), reason: "paths of \(consignment.reference) begin with '\(top.display)/'")
        }
        return place
    }
}

extension BytePath {
    /// The paths in a consignment that somebody may mean who types this: as it is, or with the escapes taken back that
    /// `tdr status` writes awkward names with.
    package var entryCandidates: [RelativePath] {
        var typed = bytes
        while typed.count > 1, typed.last == UInt8(ascii: "/") { typed.removeLast() }
        return [typed, Streams.bytes(ofDisplayName: String(decoding: typed, as: UTF8.self))]
            .compactMap { RelativePath($0) }
    }
}
