/// What files are judged by: engines and signatures, as they were when the check of a consignment began.
final class CheckTools: Sendable {
    let engines: AntivirusEngines
    let signatures: Signatures

    init(_ engines: AntivirusEngines, _ signatures: Signatures) {
        self.engines = engines
        self.signatures = signatures
    }

    /// Whether they judge by the same data.
    private func judges(as other: CheckTools) -> Bool {
        engines.engines.map(\.version) == other.engines.engines.map(\.version)
            && signatures.version == other.signatures.version && signatures.origin == other.signatures.origin
    }

    /// These, or `newer` ones where they judge by other data or an engine is back. An engine that is just away, as when it
    /// restarts, is waited for rather than done without.
    func renewed(by newer: CheckTools) -> CheckTools {
        if !engines.isSound { return newer }
        return newer.engines.isSound && !judges(as: newer) ? newer : self
    }
}
