/// Why a file got its answer: for people who compare tools.
package struct Explanation: Sendable {
    /// A binary signature that holds.
    package struct SignatureHit: Sendable, Hashable {
        /// The InternalSignature ID of the binary signature file.
        package let signature: Int
        package let puid: String
        /// Where each piece of it (DROID's SubSequences with their fragments) was found, in the signature's order.
        package let places: [Place]
    }

    /// Where a piece of a signature was found.
    package struct Place: Sendable, Hashable {
        /// Counted from the end of the file to the end of the match, not from its start.
        package let isFromEnd: Bool
        package let offset: Int
        package let length: Int
    }

    /// A container signature that holds.
    package struct ContainerHit: Sendable, Hashable {
        /// The ContainerSignature ID.
        package let signature: Int
        package let description: String
        package let puid: String
        /// The members that told.
        package let members: [Member]
    }

    /// A member of a container that a signature asks for.
    package struct Member: Sendable, Hashable {
        package let name: String
        /// Where its bytes matched; empty where the name is enough.
        package let places: [Place]
    }

    /// A format that matched but is not in the answer.
    package struct Outranked: Sendable, Hashable {
        package let puid: String
        /// The matches that have priority over it; empty where a container signature replaced all plain matches.
        package let by: [String]
    }

    package let identification: Identification
    package let signatures: [SignatureHit]
    /// The kind of container that was opened; nil when none was.
    package let container: ContainerKind?
    /// Why the container could not be read; nil when it could.
    package let containerFault: String?
    package let containerHits: [ContainerHit]
    package let outranked: [Outranked]

    init(
        _ set: SignatureSet, _ engine: borrowing SequenceEngine, _ decision: Decision, _ identification: Identification
    ) {
        let tables = set.tables
        func puid(_ format: Int) -> String { tables.text(tables.formats[format].puid) }
        self.identification = identification
        var signatures: [SignatureHit] = []
        for index in 0..<engine.live.signatureCount where engine.holds(index) {
            let live = engine.live.signatures[index]
            let record = tables.signatures[Int(live.signature)]
            signatures.append(
                SignatureHit(
                    signature: Int(record.id), puid: puid(Int(record.format)), places: engine.places(index)))
        }
        self.signatures = signatures.sorted { $0.signature < $1.signature }
        container = decision.containerKind
        containerFault = decision.containerFault
        containerHits = decision.containerSignatures.map { number in
            let record = tables.containers[number]
            let members = record.files.range.map { number in
                let file = tables.containerFiles[number]
                let told = decision.memberPlaces.first { file.signatures.range.contains($0.signature) }
                return Member(name: tables.text(tables.paths[Int(file.path)].path), places: told?.places ?? [])
            }
            return ContainerHit(
                signature: Int(record.id), description: tables.text(record.description),
                puid: puid(Int(record.format)), members: members)
        }
        var outranked: [Outranked] = []
        let answer = Set(identification.matches.map(\.format))
        for hit in decision.signatureHits + decision.containerHits where !answer.contains(hit.format) {
            let superiors = decision.hits.filter {
                Decision.outranks($0.format, hit.format, tables, isClosed: false)
            }
            outranked.append(Outranked(puid: puid(hit.format), by: superiors.map { puid($0.format) }))
        }
        self.outranked = outranked
    }
}
