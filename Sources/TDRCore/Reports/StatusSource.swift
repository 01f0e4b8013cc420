/// Where it is known how far consignments are: a store of this machine, or a server.
public protocol StatusSource: Sendable {
    /// What is known of the consignment with this reference.
    func report(on reference: String) async throws -> ConsignmentReport
    /// What is known of all that there are to see, the oldest first.
    func reports() async throws -> [ConsignmentReport]
    /// Calls `body` with each file of a consignment, one at a time; all files sorted by path as bytes.
    func forEachFile(
        of consignment: Consignment, _ selection: FileSelection, _ body: (FileReport) throws -> Void
    ) async throws
}

extension Store: StatusSource {
    /// What is known of the consignment with this reference or UUID.
    ///
    /// - Throws: ``StoreError/unknownConsignment(_:)``.
    public func report(on reference: String) throws -> ConsignmentReport { try report(on: consignment(reference)) }

    /// What is known of all consignments, the oldest first.
    public func reports() throws -> [ConsignmentReport] { try reports(on: consignments()) }
}
